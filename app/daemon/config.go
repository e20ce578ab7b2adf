package daemon

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/config"
)

// configCommand is `config`.
func (c Chain) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or explain a node's settings"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Say whether a node could start with the home's app.toml and config.toml, and commands work with its client.toml", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				warnings, err := c.checkConfig(cmd)
				if err != nil {
					return err
				}
				for _, w := range warnings {
					cmd.PrintErrln("Warning:", w)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "the settings in %s are good\n", server.GetServerContextFromCmd(cmd).Config.RootDir)
				return err
			},
		},
		&cobra.Command{
			Use: "reference", Short: "Print all settings with type, default and meaning as Markdown", Args: cobra.NoArgs,
			PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
			RunE: func(cmd *cobra.Command, _ []string) error {
				text, err := config.Reference(c.Name, c.NodeConfig(), config.DefaultComet())
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(cmd.OutOrStdout(), text)
				return err
			},
		},
	)
	return cmd
}

// checkConfig refuses unknown keys in the home's files, and effective settings (files, environment, flags) that are invalid or do not go together. It answers warnings about
// the others.
func (c Chain) checkConfig(cmd *cobra.Command) ([]string, error) {
	ctx := server.GetServerContextFromCmd(cmd)
	if err := config.CheckFiles(ctx.Config.RootDir); err != nil {
		return nil, err
	}
	app, err := config.FromViper(ctx.Viper)
	if err != nil {
		return nil, err
	}
	if app.Shards.Enable && !c.Hosts {
		return nil, fmt.Errorf("shards.enable = true on %s: nodes of the main chain alone host shards; set it to false", c.Name)
	}
	chainID, err := genesisChainID(ctx.Config)
	if err != nil {
		return nil, err
	}
	return config.Warnings(app), errors.Join(config.Check(app, ctx.Config, c.Coin), config.CheckClient(ctx.Config.RootDir, chainID))
}

// genesisChainID is the chain of the home's node.
func genesisChainID(comet *cmtcfg.Config) (string, error) {
	file, err := os.Open(comet.GenesisFile())
	if err != nil {
		return "", err
	}
	defer file.Close()
	chainID, err := genutiltypes.ParseChainIDFromGenesis(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", comet.GenesisFile(), err)
	}
	return chainID, nil
}

// checkBefore lets a node begin only with good settings and, the first time, from a good genesis.
func (c Chain) checkBefore(cmd *cobra.Command) {
	begin := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		warnings, err := c.checkConfig(cmd)
		if err != nil {
			return err
		}
		if err := checkGenesisHash(cmd); err != nil {
			return err
		}
		ctx := server.GetServerContextFromCmd(cmd)
		if err := c.checkNewborn(ctx.Config); err != nil {
			return err
		}
		for _, w := range warnings {
			ctx.Logger.Warn(w)
		}
		return begin(cmd, args)
	}
}

// checkGenesisHash holds --genesis_hash against the home's genesis, as CometBFT's own program does; its library leaves it to the caller.
func checkGenesisHash(cmd *cobra.Command) error {
	want, err := cmd.Flags().GetBytesHex(flagGenesisHash)
	if err != nil || len(want) == 0 {
		return err
	}
	file := server.GetServerContextFromCmd(cmd).Config.GenesisFile()
	bz, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(bz); !bytes.Equal(want, got[:]) {
		return fmt.Errorf("--%s is %X, and the SHA-256 of %s is %X: take the chain's genesis from whoever told you the hash", flagGenesisHash, want, file, got)
	}
	return nil
}

const flagGenesisHash = "genesis_hash"
