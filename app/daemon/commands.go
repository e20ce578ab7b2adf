package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/debug"
	"github.com/cosmos/cosmos-sdk/client/keys"
	"github.com/cosmos/cosmos-sdk/client/pruning"
	"github.com/cosmos/cosmos-sdk/client/snapshot"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authcmd "github.com/cosmos/cosmos-sdk/x/auth/client/cli"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/metrics"
)

func (c Chain) addCommands(root *cobra.Command, app App) {
	root.AddCommand(
		c.initCommand(app),
		c.configCommand(),
		debug.Cmd(),
		pruning.Cmd(c.createSilent, c.Home()),
		snapshot.Cmd(c.createSilent),
		keys.Commands(),
		server.StatusCommand(),
		queryCommand(),
		txCommand(),
	)
	if c.GenesisCommands != nil {
		root.AddCommand(c.GenesisCommands(app, c.Home()))
	}
	c.exported = new(time.Time)
	server.AddCommandsWithStartCmdOptions(root, c.Home(), c.create, c.export, server.StartCmdOptions{PostSetup: c.beside})
	root.AddCommand(server.ModuleHashByHeightQuery(c.create))
	if c.Commands != nil {
		root.AddCommand(c.Commands(app)...)
	}
	c.adapt(root)
}

// beside starts what the chain runs beside the node.
func (c Chain) beside(node *server.Context, ctx client.Context, running context.Context, group *errgroup.Group) error {
	if c.Beside == nil || ctx.Client == nil {
		return nil
	}
	doc, err := genutiltypes.AppGenesisFromFile(node.Config.GenesisFile())
	if err != nil {
		return err
	}
	app, err := config.FromViper(node.Viper)
	if err != nil {
		return err
	}
	group.Go(func() error {
		return c.Beside(running, Node{Client: ctx, Home: node.Config.RootDir, ChainID: doc.ChainID, Comet: node.Config, App: app, Logger: node.Logger})
	})
	return nil
}

// homeless commands look at no node: they must not make a home as a side effect.
var homeless = []string{"version"}

// homely commands need a node's home: without one they refuse, and make none as a side effect.
var homely = []string{"start", "config", "export", "rollback", "prune", "snapshots", "comet", "module-hash-by-height"}

// needHome refuses a homely command where no node has been set up.
func needHome(cmd *cobra.Command, home string) error {
	top := cmd
	for top.Parent() != nil && top.Parent().HasParent() {
		top = top.Parent()
	}
	if !slices.Contains(homely, top.Name()) || cmd.HasSubCommands() || cmd.Name() == "version" {
		return nil
	}
	genesis := filepath.Join(home, "config", "genesis.json")
	if _, err := os.Stat(genesis); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no node, for there is no %s: set one up with `%s init NAME --home %s`, or name its home with --home", home, genesis, cmd.Root().Name(), home)
	}
	return nil
}

// adapt keeps homeless commands out of the node's home, lets no node start on bad settings, and gives the SDK's genesis commands the names that people guess.
func (c Chain) adapt(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if slices.Contains(homeless, cmd.Name()) {
			cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return nil }
		}
		if cmd.Name() == "start" {
			cmd.Args = cobra.NoArgs
			c.checkBefore(cmd)
			_ = cmd.Flags().MarkHidden(server.FlagInvCheckPeriod)
		}
		if cmd.Name() == "export" {
			dateAfter(cmd, c.exported)
		}
		if cmd.Name() == "rollback" {
			cmd.Args = cobra.NoArgs
			guardRollback(cmd)
		}
		if cmd.Name() == "prune" {
			guardPrune(cmd)
		}
		if cmd.Name() != "genesis" {
			continue
		}
		for _, sub := range cmd.Commands() {
			switch sub.Name() {
			case "add-genesis-account":
				sub.Aliases = append(sub.Aliases, "add-account")
				c.guardAccounts(sub, accountCoins)
			case "bulk-add-genesis-account":
				c.guardAccounts(sub, fileCoins)
			case "gentx":
				guardGentx(sub)
			case "collect-gentxs":
				sub.Aliases = append(sub.Aliases, "collect")
			case "validate":
				// The SDK's looks at the file alone.
				cmd.RemoveCommand(sub)
			}
		}
		cmd.AddCommand(c.validateGenesisCommand())
	}
}

// refuseUnknown makes every command that only groups others refuse what it does not know; cobra would print help and succeed.
func refuseUnknown(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() && sub.RunE == nil && sub.Run == nil {
			sub.RunE = group
		}
		refuseUnknown(sub)
	}
}

// create builds the application that a node runs.
func (c Chain) create(logger log.Logger, db dbm.DB, opts servertypes.AppOptions) servertypes.Application {
	app := c.New(base.Options{Logger: logger, DB: db, App: opts, BaseApp: server.DefaultBaseappOptions(opts), Halt: c.halt}, true)
	if err := offerFigures(app, prometheus.DefaultRegisterer); err != nil {
		// One process has one chain; without its figures it is still a node.
		logger.Error("figures of the state are not offered to Prometheus", "error", err)
	}
	return app
}

// createSilent builds it for commands that log to standard output, beside their answer.
func (c Chain) createSilent(_ log.Logger, db dbm.DB, opts servertypes.AppOptions) servertypes.Application {
	return c.create(log.NewNopLogger(), db, opts)
}

// offerFigures lets Prometheus read figures of the last committed state, where CometBFT offers its own (instrumentation.prometheus in config.toml).
func offerFigures(app App, registry prometheus.Registerer) error {
	return metrics.Register(registry, app.Gauges(), func() ([]metrics.Sample, error) {
		if app.Base().LastBlockHeight() == 0 {
			return nil, nil
		}
		ctx, err := app.Base().CreateQueryContext(0, false)
		if err != nil {
			return nil, err
		}
		return app.Figures(ctx)
	})
}

// export loads one height (or the latest, -1) and writes its state.
func (c Chain) export(logger log.Logger, db dbm.DB, height int64, zeroHeight bool, jailAllowed []string, opts servertypes.AppOptions, modules []string) (servertypes.ExportedApp, error) {
	if zeroHeight {
		return servertypes.ExportedApp{}, errors.New("--for-zero-height is not supported: an export continues the chain; start a new network with genesis commands instead")
	}
	if len(jailAllowed) > 0 {
		return servertypes.ExportedApp{}, errors.New("--jail-allowed-addrs goes with --for-zero-height, which is not supported")
	}
	app := c.New(base.Options{Logger: logger, DB: db, App: opts}, height == -1)
	if height != -1 {
		if err := app.Base().LoadVersion(height); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("load height %d: %w", height, err)
		}
	}
	// The SDK's modules panic over a state that is not there, each in a goroutine of its own.
	if app.Base().LastBlockHeight() == 0 {
		return servertypes.ExportedApp{}, fmt.Errorf("there is no state to export: this node has executed no block; start it with `%s start` first", c.Name)
	}
	last, err := app.Base().LastBlockTime()
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	*c.exported = last
	return app.Export(modules)
}

func queryCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "query", Aliases: []string{"q"}, Short: "Querying subcommands", SuggestionsMinimumDistance: 2}
	cmd.AddCommand(
		waitTxCommand(),
		server.QueryBlockCmd(),
		authcmd.QueryTxsByEventsCmd(),
		server.QueryBlocksCmd(),
		authcmd.QueryTxCmd(),
		server.QueryBlockResultsCmd(),
	)
	return cmd
}

func txCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tx", Short: "Transactions subcommands", SuggestionsMinimumDistance: 2}
	cmd.AddCommand(
		authcmd.GetSignCommand(),
		authcmd.GetSignBatchCommand(),
		authcmd.GetMultiSignCommand(),
		authcmd.GetMultiSignBatchCmd(),
		authcmd.GetValidateSignaturesCommand(),
		authcmd.GetBroadcastCommand(),
		authcmd.GetEncodeCommand(),
		authcmd.GetDecodeCommand(),
		authcmd.GetSimulateCmd(),
	)
	return cmd
}

// group refuses an unknown subcommand by name instead of printing help and succeeding.
func group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	return cmd.Help()
}
