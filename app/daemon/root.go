// Package daemon is the command line that both chain binaries share: node, keys, genesis, queries, transactions.
package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/core/appmodule"
	"cosmossdk.io/log/v2"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/client"
	clientconfig "github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/version"
	authcodec "github.com/cosmos/cosmos-sdk/x/auth/codec"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/metrics"
)

// App is a chain's application as the daemon runs it.
type App interface {
	servertypes.Application
	Base() *base.App
	Export(modules []string) (servertypes.ExportedApp, error)
	// Gauges and Figures of the chain's state, for Prometheus.
	Gauges() []metrics.Gauge
	Figures(ctx context.Context) ([]metrics.Sample, error)
}

// Chain is what distinguishes one daemon from the other.
type Chain struct {
	// Name of the binary, e.g. "topchaind".
	Name  string
	Short string
	// Coin in which the chain takes fees, and without which it has none.
	Coin string
	// NodeConfig is the default app.toml.
	NodeConfig func() *config.App
	// New builds the application.
	New func(opts base.Options, loadLatest bool) App
	// Commands are the daemon's own, beside the shared ones. They get an app without state, for codec and default genesis.
	Commands func(app App) []*cobra.Command
	// Prepare adds to a new node's home what this chain needs beside CometBFT's keys; may be nil.
	Prepare func(home string) error
	// Beside runs beside the node until it stops, without stopping it; may be nil.
	Beside func(ctx context.Context, node Node) error
	// Hosts tells whether the chain's nodes may host shards ([shards] in app.toml).
	Hosts bool
	// GenesisCommands under "genesis".
	GenesisCommands func(app App, home string) *cobra.Command

	// halt stops the running node; see base.Options.
	halt func(reason error)
	// exported is the time of the last block of what `export` writes.
	exported *time.Time
}

// Node that runs.
type Node struct {
	// Client of the node itself.
	Client  client.Context
	Home    string
	ChainID string
	// Comet and App are its effective settings.
	Comet  *cmtcfg.Config
	App    *config.App
	Logger log.Logger
}

// Home is the default node home, ~/.<name>.
func (c Chain) Home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		dir = "."
	}
	return filepath.Join(dir, "."+c.Name)
}

// Root builds the command tree.
func (c Chain) Root() (*cobra.Command, error) {
	// Printed by `version` and written into exported genesis files.
	version.Name, version.AppName = c.Name, c.Name
	app := c.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, false)
	b := app.Base()
	clientCtx := client.Context{}.
		WithCodec(b.Codec).
		WithInterfaceRegistry(b.Registry).
		WithTxConfig(b.TxConfig).
		WithLegacyAmino(b.Amino).
		WithInput(os.Stdin).
		WithAccountRetriever(authtypes.AccountRetriever{}).
		WithHomeDir(c.Home()).
		WithViper("")

	root := &cobra.Command{
		Use:           c.Name,
		Short:         c.Short,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(cmd.OutOrStdout())
			cmd.SetErr(cmd.ErrOrStderr())
			ctx := clientCtx.WithCmdContext(cmd.Context())
			ctx, err := client.ReadPersistentCommandFlags(ctx, cmd.Flags())
			if err != nil {
				return err
			}
			if err := needHome(cmd, ctx.HomeDir); err != nil {
				return err
			}
			ctx, err = clientconfig.ReadFromClientConfig(ctx)
			if err != nil {
				return err
			}
			if err := client.SetCmdClientContextHandler(ctx, cmd); err != nil {
				return err
			}
			if err := config.WriteMissing(ctx.HomeDir, c.NodeConfig(), config.DefaultComet()); err != nil {
				return err
			}
			return serverContext(cmd)
		},
	}
	c.addCommands(root, app)

	modules := map[string]appmodule.AppModule{}
	for _, name := range b.Modules.ModuleNames() {
		if m, ok := b.Modules.Modules[name].(appmodule.AppModule); ok {
			modules[name] = m
		}
	}
	cfg := sdk.GetConfig()
	err := autocli.AppOptions{
		Modules:               modules,
		AddressCodec:          authcodec.NewBech32Codec(cfg.GetBech32AccountAddrPrefix()),
		ValidatorAddressCodec: authcodec.NewBech32Codec(cfg.GetBech32ValidatorAddrPrefix()),
		ConsensusAddressCodec: authcodec.NewBech32Codec(cfg.GetBech32ConsensusAddrPrefix()),
		ClientCtx:             clientCtx,
	}.EnhanceRootCommand(root)
	if err != nil {
		return nil, err
	}
	root.PersistentFlags().String(flags.FlagChainID, "", "The network chain ID")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	refuseUnknown(root)
	for _, cmd := range root.Commands() {
		checkLine(cmd)
	}
	return root, nil
}

// serverContext reads the home's settings and makes the logger. The log of a node goes to standard output; of another command, the answer is there, and of the log
// only what --log_level asks for, on standard error.
func serverContext(cmd *cobra.Command) error {
	wanted := cmd.Name() == "start" || cmd.Flags().Changed(flags.FlagLogLevel)
	ctx, err := server.InterceptConfigsAndCreateContext(cmd, "", nil, config.DefaultComet())
	if err != nil {
		return fmt.Errorf("%w: correct it in the home's config or the environment; see `%s config check`", err, cmd.Root().Name())
	}
	ctx.Logger = log.NewNopLogger()
	if wanted {
		out := cmd.ErrOrStderr()
		if cmd.Name() == "start" {
			out = cmd.OutOrStdout()
		}
		if ctx.Logger, err = server.CreateSDKLogger(ctx, out); err != nil {
			return err
		}
		ctx.Logger = ctx.Logger.With(log.ModuleKey, "server")
	}
	return server.SetCmdServerContext(cmd, ctx)
}
