package genesis

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/node/config"
)

// gentxDir in a home's config folder.
const gentxDir = "gentx"

func gentxCommand() *cobra.Command {
	var power int64
	var host, moniker string
	cmd := &cobra.Command{
		Use: "gentx KEY_NAME", Short: "Sign the wish to be one of the chain's first validators, for `genesis collect`; prints the file's path", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			comet := server.GetServerContextFromCmd(cmd).Config
			doc, _, err := read(comet.GenesisFile())
			if err != nil {
				return err
			}
			if moniker == "" {
				moniker = comet.Moniker
			}
			backend, err := cmd.Flags().GetString("keyring-backend")
			if err != nil {
				return err
			}
			ctx := client.GetClientContextFromCmd(cmd)
			keys, err := keyring.New(sdk.KeyringServiceName(), backend, ctx.HomeDir, cmd.InOrStdin(), ctx.Codec)
			if err != nil {
				return err
			}
			g, err := sign(comet, keys, args[0], Gentx{ChainID: doc.ChainID, Moniker: moniker, Power: power}, host)
			if err != nil {
				return err
			}
			path, err := write(comet.RootDir, g)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
			return err
		},
	}
	addKeyringFlags(cmd)
	cmd.Flags().Int64Var(&power, "power", 1, "votes that the operator asks for")
	cmd.Flags().StringVar(&host, "ip", "127.0.0.1", "host by which other nodes reach this one")
	cmd.Flags().StringVar(&moniker, "moniker", "", "the operator's name for people; default: the node's")
	return cmd
}

// sign completes a gentx with the node's and the account's keys.
func sign(comet *cmtcfg.Config, keys keyring.Keyring, name string, g Gentx, host string) (Gentx, error) {
	record, err := keys.Key(name)
	if err != nil {
		return g, fmt.Errorf("key %q: %w; list the keys with `topserviced keys list`", name, err)
	}
	address, err := record.GetAddress()
	if err != nil {
		return g, err
	}
	account, err := record.GetPubKey()
	if err != nil {
		return g, err
	}
	node, err := p2p.LoadNodeKey(comet.NodeKeyFile())
	if err != nil {
		return g, fmt.Errorf("node key: %w; make the home with `topserviced init`", err)
	}
	if _, err := os.Stat(comet.PrivValidatorKeyFile()); err != nil {
		return g, fmt.Errorf("consensus key: %w; make the home with `topserviced init`", err)
	}
	validator := privval.LoadFilePV(comet.PrivValidatorKeyFile(), comet.PrivValidatorStateFile()).Key
	port := comet.P2P.ListenAddress[strings.LastIndex(comet.P2P.ListenAddress, ":")+1:]
	g.Address, g.AccountKey, g.ConsensusKey = address.String(), account.Bytes(), validator.PubKey.Bytes()
	g.Peer = fmt.Sprintf("%s@%s:%s", node.ID(), host, port)

	msg, err := g.SignBytes()
	if err != nil {
		return g, err
	}
	if g.AccountSignature, _, err = keys.Sign(name, msg, signing.SignMode_SIGN_MODE_DIRECT); err != nil {
		return g, fmt.Errorf("sign with %q: %w", name, err)
	}
	if g.ConsensusSignature, err = validator.PrivKey.Sign(msg); err != nil {
		return g, fmt.Errorf("sign with the consensus key: %w", err)
	}
	return g, g.Verify(g.ChainID)
}

func write(home string, g Gentx) (string, error) {
	dir := filepath.Join(home, "config", gentxDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(g.Peer, "@")
	bz, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "gentx-"+id+".json")
	return path, os.WriteFile(path, append(bz, '\n'), 0o600)
}

func collectCommand(app *servicechain.App) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "collect-gentxs", Short: "Check the signed files in config/gentx, add their operators to genesis.json and their nodes to the peers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				dir = filepath.Join(homeOf(cmd), "config", gentxDir)
			}
			var peers []string
			err := edit(cmd, app, func(chainID string, state State) error {
				list, err := load(dir, chainID)
				if err != nil {
					return err
				}
				for _, g := range list {
					peers = append(peers, g.Peer)
					if err := AddOperator(app.Codec, state, g.Operator(), OperatorUop); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			comet := server.GetServerContextFromCmd(cmd).Config
			return setPeers(comet, peers)
		},
	}
	cmd.Flags().StringVar(&dir, "gentx-dir", "", "folder of the signed files; default HOME/config/gentx")
	return cmd
}

// load reads and verifies every gentx of a folder, in the order of the file names.
func load(dir, chainID string) ([]Gentx, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no gentx in %s: make one with `topserviced genesis gentx`, and put those of the other operators beside it", dir)
	}
	slices.Sort(files)
	list := make([]Gentx, len(files))
	for i, file := range files {
		bz, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(bz, &list[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := list[i].Verify(chainID); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return list, nil
}

// setPeers writes the other nodes into config.toml.
func setPeers(comet *cmtcfg.Config, peers []string) error {
	node, err := p2p.LoadNodeKey(comet.NodeKeyFile())
	if err != nil {
		return fmt.Errorf("node key: %w", err)
	}
	others := slices.DeleteFunc(peers, func(p string) bool { return strings.HasPrefix(p, string(node.ID())+"@") })
	comet.P2P.PersistentPeers = strings.Join(others, ",")
	cmtcfg.WriteConfigFile(filepath.Join(comet.RootDir, "config", config.CometFile), comet)
	return nil
}
