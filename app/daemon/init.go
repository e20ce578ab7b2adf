package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/go-bip39"

	cmtcfg "github.com/cometbft/cometbft/config"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/telemetry"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/config"
)

// initialized is what `init` prints.
type initialized struct {
	Moniker string `json:"moniker"`
	ChainID string `json:"chain_id"`
	NodeID  string `json:"node_id"`
	Home    string `json:"home"`
	Genesis string `json:"genesis"`
}

// initCommand is `init`. The SDK's own would take the modules' defaults without this chain's adjustments and CometBFT's 55 MB blocks.
func (c Chain) initCommand(app App) *cobra.Command {
	var overwrite, recovering bool
	cmd := &cobra.Command{
		Use: "init MONIKER", Short: "Make a node's home: keys, configuration, a genesis without accounts; prints what was made as JSON",
		Long: "Make a node's home: keys, configuration, a genesis without accounts; prints what was made as JSON.\n" +
			"To join a chain that exists, replace config/genesis.json by the chain's own afterwards.",
		// Before anything is written.
		Args: cobra.MatchAll(cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
			if err := config.CheckMoniker(args[0]); err != nil {
				return fmt.Errorf("MONIKER %q: %w", args[0], err)
			}
			if chainID, _ := cmd.Flags().GetString(flags.FlagChainID); chainID == "" {
				return errors.New("--chain-id is missing, e.g. --chain-id top-main-1")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			chainID, err := cmd.Flags().GetString(flags.FlagChainID)
			if err != nil {
				return err
			}
			comet := server.GetServerContextFromCmd(cmd).Config
			comet.SetRoot(client.GetClientContextFromCmd(cmd).HomeDir)
			if _, err := os.Stat(comet.GenesisFile()); err == nil && !overwrite {
				return fmt.Errorf("%s exists: this is a node's home; choose another --home, or write a new genesis with --overwrite", comet.GenesisFile())
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			var mnemonic string
			if recovering {
				if mnemonic, err = readMnemonic(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			nodeID, _, err := genutil.InitializeNodeValidatorFilesFromMnemonic(comet, mnemonic)
			if err != nil {
				return fmt.Errorf("node keys: %w", err)
			}
			if c.Prepare != nil {
				if err := c.Prepare(comet.RootDir); err != nil {
					return err
				}
			}
			comet.Moniker = args[0]
			cmtcfg.WriteConfigFile(filepath.Join(comet.RootDir, "config", config.CometFile), comet)
			if err := writeNoTelemetry(comet.RootDir); err != nil {
				return err
			}
			doc, err := NewGenesis(app, chainID)
			if err != nil {
				return err
			}
			if err := genutil.ExportGenesisFile(doc, comet.GenesisFile()); err != nil {
				return fmt.Errorf("%s: %w", comet.GenesisFile(), err)
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(initialized{
				Moniker: comet.Moniker, ChainID: chainID, NodeID: nodeID, Home: comet.RootDir, Genesis: comet.GenesisFile(),
			})
		},
	}
	f := cmd.Flags()
	f.String(flags.FlagHome, c.Home(), "directory for config and data")
	f.String(flags.FlagChainID, "", "identifier of the chain, ending in a revision, e.g. top-main-1")
	f.BoolVarP(&overwrite, "overwrite", "o", false, "replace an existing genesis.json; keys and configuration are kept")
	f.BoolVar(&recovering, "recover", false, "read a mnemonic from standard input and derive the validator's key from it")
	return cmd
}

// NewGenesis of a chain without accounts: the modules' defaults with the chain's adjustments and limits.
func NewGenesis(app App, chainID string) (*genutiltypes.AppGenesis, error) {
	state, err := json.MarshalIndent(app.Base().DefaultGenesis(), "", "  ")
	if err != nil {
		return nil, err
	}
	doc := genutiltypes.NewAppGenesisWithVersion(chainID, state)
	doc.AppName = app.Base().Name()
	doc.GenesisTime = time.Now().UTC() //nolint:forbidigo // written once into a file that all nodes share
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: base.ConsensusParams()}
	return doc, nil
}

func readMnemonic(in io.Reader) (string, error) {
	bz, err := io.ReadAll(in)
	if err != nil {
		return "", err
	}
	mnemonic := strings.TrimSpace(string(bz))
	if !bip39.IsMnemonicValid(mnemonic) {
		return "", errors.New("--recover: standard input is not a BIP-39 mnemonic of 12 to 24 words")
	}
	return mnemonic, nil
}

// writeNoTelemetry makes the file of OpenTelemetry exporters, empty, which means none; the SDK warns at every start while it is missing.
func writeNoTelemetry(home string) error {
	path := filepath.Join(home, "config", telemetry.OtelFileName)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, nil, 0o600)
}
