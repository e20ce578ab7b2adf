// Package cli is `topchaind shard`: one shard as a chain of its own.
package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cosmossdk.io/log/v2"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/shard"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// timeoutCommit between a shard's blocks; it is how long the first transfer after a quiet time waits.
const timeoutCommit = 200 * time.Millisecond

// Command is `shard`.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "shard", Short: "Make and run one shard: a chain of transfers without gas fees", SuggestionsMinimumDistance: 2,
		// The shared pre-run would write the main chain's default configuration into --home.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(initCommand(), foundCommand(), introduceCommand(), startCommand(), rollbackCommand(), pruneCommand(), exportCommand(), refoundCommand())
	return cmd
}

// options of a new shard.
type options struct {
	dir, chainID, network, accounts string
	account                         []string
	members, basePort               int
	timeoutCommit                   time.Duration
	prefix, routes                  string
}

func initCommand() *cobra.Command {
	var opts options
	cmd := &cobra.Command{
		Use: "init", Args: cobra.NoArgs,
		Short: "Write keys, genesis and configuration of a shard's committee; prints them as JSON",
		Long: "Write keys, genesis and configuration of a shard's committee; prints them as JSON.\n" +
			"Every member's home is in the folder: node0, node1 … `shard start --home FOLDER/node0` runs one.\n" +
			"A shard that does not hold all accounts has a --prefix, and --routes with all shards of the network: it tells who asks for another's account whose it is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			chainID, err := cmd.Flags().GetString(flags.FlagChainID)
			if err != nil {
				return err
			}
			opts.chainID = chainID
			summary, err := initShard(opts)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(summary)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.dir, localchain.FlagDir, "./shard", "directory for node0, node1 …")
	f.StringVar(&opts.network, "network", latticetypes.Network, "chain id that wallets sign, the same for all shards")
	f.StringVar(&opts.prefix, "prefix", "", "bits that the shard's buckets begin with, e.g. 01; none: it holds all accounts")
	f.StringVar(&opts.routes, "routes", "", "file with a shard of the network in every line: BITS CHAIN-ID, e.g. 01 top-z0.s1-1")
	f.IntVar(&opts.members, "members", 1, "members of the genesis committee")
	f.StringArrayVar(&opts.account, "account", nil, "account of genesis as ADDRESS=COINS, e.g. top1…=5000000utop; several times")
	f.StringVar(&opts.accounts, "accounts", "", "file with an account of genesis in every line: ADDRESS COINS; they go into config/accounts of every home, which genesis names by its SHA-256")
	f.IntVar(&opts.basePort, "base-port", 0, "ports of node i start at base + 10i (p2p, RPC, gRPC, REST); 0 takes free ports")
	f.DurationVar(&opts.timeoutCommit, "timeout-commit", timeoutCommit, "pause between blocks")
	return cmd
}

// genesis of the options, and the file of accounts that it names.
func (o options) genesis() (gs *latticetypes.GenesisState, file []byte, err error) {
	gs = latticetypes.DefaultGenesisState()
	gs.Shard.Network = o.network
	if err := o.place(gs); err != nil {
		return nil, nil, err
	}
	if o.accounts != "" {
		if file, err = accountsFile(o.accounts, gs); err != nil {
			return nil, nil, fmt.Errorf("--accounts: %w", err)
		}
	}
	for _, a := range o.account {
		address, coins, ok := strings.Cut(a, "=")
		if !ok {
			return nil, nil, fmt.Errorf("--account %q: want ADDRESS=COINS, e.g. top1…=5000000utop", a)
		}
		b, err := account(address, coins)
		if err != nil {
			return nil, nil, fmt.Errorf("--account %w", err)
		}
		gs.Balances = append(gs.Balances, b)
	}
	return gs, file, gs.Validate()
}

// initShard writes the homes of a new shard. It refuses a directory that already holds one.
func initShard(o options) (*localchain.Summary, error) {
	if o.members < 1 || o.members > 150 {
		return nil, fmt.Errorf("--members is %d: a committee has 1 to 150", o.members)
	}
	gs, file, err := o.genesis()
	if err != nil {
		return nil, err
	}
	if o.chainID, err = o.name(gs); err != nil {
		return nil, err
	}
	if err := localchain.CheckEmpty(o.dir); err != nil {
		return nil, err
	}
	ports, err := home.Allocate(o.members, o.basePort)
	if err != nil {
		return nil, err
	}
	nodes, peers := make([]*home.Node, len(ports)), make([]string, len(ports))
	for i, p := range ports {
		comet := config.DefaultComet()
		shard.Comet(comet)
		if nodes[i], err = home.Prepare(filepath.Join(o.dir, fmt.Sprintf("node%d", i)), fmt.Sprintf("member%d", i), comet, p); err != nil {
			return nil, err
		}
		peers[i] = nodes[i].Peer()
	}
	doc, err := document(o.chainID, nodes, gs)
	if err != nil {
		return nil, err
	}
	summary := &localchain.Summary{ChainID: o.chainID}
	for _, n := range nodes {
		if file != nil {
			if err := n.WriteConfigFile(latticetypes.AccountsName, file); err != nil {
				return nil, err
			}
		}
		if err := n.WriteGenesis(doc); err != nil {
			return nil, err
		}
		if err := n.WriteConfig(home.Settings{ChainID: o.chainID, Peers: peers, TimeoutCommit: o.timeoutCommit, App: config.DefaultApp()}); err != nil {
			return nil, err
		}
		summary.Nodes = append(summary.Nodes, n.Endpoints())
	}
	return summary, summary.Save(o.dir)
}

// settings of a home. The log of a node goes to standard output, that of another command nowhere.
func settings(cmd *cobra.Command, logged bool) (shard.Config, error) {
	dir, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return shard.Config{}, err
	}
	// Whoever reads settings from a folder without any would make them there.
	if _, err := os.Stat(filepath.Join(dir, "config", "genesis.json")); err != nil {
		return shard.Config{}, fmt.Errorf("%w; there is no shard in %s: make one with `shard init`, or name its home with --home", err, dir)
	}
	node, err := server.InterceptConfigsAndCreateContext(cmd, "", nil, config.DefaultComet())
	if err != nil {
		return shard.Config{}, err
	}
	app := config.DefaultApp()
	if err := node.Viper.Unmarshal(app); err != nil {
		return shard.Config{}, fmt.Errorf("app.toml: %w", err)
	}
	if err := check(app, node.Config); err != nil {
		return shard.Config{}, err
	}
	cfg := shard.Config{Comet: node.Config, App: app, Logger: log.NewNopLogger()}
	if logged {
		cfg.Logger, err = server.CreateSDKLogger(node, cmd.OutOrStdout())
	}
	return cfg, err
}

// check the files of a home, and what they say. The mempool is the application's whatever they say (shard.Comet), which other chains' nodes refuse.
func check(app *config.App, comet *cmtcfg.Config) error {
	if err := config.CheckFiles(comet.RootDir); err != nil {
		return err
	}
	other, mempool := *comet, *comet.Mempool
	mempool.Type = cmtcfg.MempoolTypeFlood
	other.Mempool = &mempool
	return config.Check(app, &other, base.Denom)
}

// homely gives a command the flag for a member's home.
func homely(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String(flags.FlagHome, shardchain.Home(), "directory for config and data")
	return cmd
}

func startCommand() *cobra.Command {
	return homely(&cobra.Command{
		Use: "start", Args: cobra.NoArgs,
		Short: "Run a member of a shard until it is interrupted",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			cfg, err := settings(cmd, true)
			if err != nil {
				return err
			}
			return shard.Run(ctx, cfg)
		},
	})
}

func rollbackCommand() *cobra.Command {
	return homely(&cobra.Command{
		Use: "rollback", Args: cobra.NoArgs,
		Short: "Take the last block's state back; the node executes that block again when it starts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(cmd, false)
			if err != nil {
				return err
			}
			height, hash, err := shard.Rollback(cfg)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Rolled back state to height %d and hash %X\n", height, hash)
			return err
		},
	})
}

func pruneCommand() *cobra.Command {
	var keep uint64
	cmd := homely(&cobra.Command{
		Use: "prune", Args: cobra.NoArgs,
		Short: "Remove old states and the history of old blocks; a node does that by and by with pruning and min-retain-blocks in app.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(cmd, false)
			if err != nil {
				return err
			}
			first, err := shard.Prune(cmd.Context(), cfg, keep)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Kept states and history from height %d on\n", first)
			return err
		},
	})
	cmd.Flags().Uint64Var(&keep, "keep-recent", 100, "blocks whose states and history are kept")
	return cmd
}

// exported shard, as it is printed.
type exported struct {
	ChainID string `json:"chain_id"`
	Genesis string `json:"genesis"`
	// InitialHeight is the first height after the export.
	InitialHeight int64  `json:"initial_height"`
	Members       int    `json:"members"`
	Root          string `json:"root"`
}

func exportCommand() *cobra.Command {
	var dir string
	cmd := homely(&cobra.Command{
		Use: "export", Args: cobra.NoArgs,
		Short: "Write the shard as a genesis that goes on after its last block: every account with its sequence, units and quota; prints what it is as JSON",
		Long: "Write the shard as a genesis that goes on after its last block, CHAIN-ID.json, and its accounts, CHAIN-ID.accounts; prints what it is as JSON. The node must not run.\n" +
			"All members of the shard begin with the same files, one alone exports. How a whole network goes on from exports is in UPGRADING.md.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(cmd, false)
			if err != nil {
				return err
			}
			doc, err := shard.Export(cfg, dir)
			if err != nil {
				return err
			}
			one, err := exportedOf(doc, filepath.Join(dir, doc.ChainID+".json"))
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(one)
		},
	})
	cmd.Flags().StringVar(&dir, localchain.FlagDir, "./shards", "folder for CHAIN-ID.json and CHAIN-ID.accounts")
	return cmd
}

func exportedOf(doc *genutiltypes.AppGenesis, path string) (exported, error) {
	root, err := shardchain.InheritedRoot(doc.AppState)
	return exported{ChainID: doc.ChainID, Genesis: path, InitialHeight: doc.InitialHeight, Members: len(doc.Consensus.Validators), Root: fmt.Sprintf("%X", root)}, err
}
