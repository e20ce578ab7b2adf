package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/topnetwork/top/relayer/check"
	"github.com/topnetwork/top/relayer/config"
	relayerhome "github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/nodes"
	"github.com/topnetwork/top/relayer/router"
	"github.com/topnetwork/top/sdk/chain"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Hold a live network against what must be true of it at any time"}
	cmd.AddCommand(supplyCommand())
	return cmd
}

func supplyCommand() *cobra.Command {
	var from asked
	var asJSON, accounts bool
	cmd := &cobra.Command{
		Use: "supply", Short: "Add up the coins of all shards: held + in flight + burned + lost = issued + exited; exit code 1 where that does not hold", Args: cobra.NoArgs,
		Long: "Add up the coins of all shards: held + in flight + burned + lost = issued + exited; exit code 1 where that does not hold.\n" +
			"It can be run at any time, while transfers go on. What accounts hold follows from what a shard was issued, what it has sent and what it has taken;\n" +
			"with --accounts each shard adds up its accounts, too. The shards are those of router.nodes in config.yaml, or of --nodes.\n" +
			"Where there is a main chain, of chains.main or --main, its books are held against them: its gate has all that is on shards, and on the way to them and from them.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			n, err := from.network(cmd)
			if err != nil {
				return err
			}
			supply, err := check.Read(cmd.Context(), n.shards, n.main, accounts)
			if err = errors.Join(err, n.close()); err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(supply)
			} else {
				err = table(cmd.OutOrStdout(), supply)
			}
			return errors.Join(err, supply.Err())
		},
	}
	f := cmd.Flags()
	f.StringVar(&from.nodes, "nodes", "", "file with a line for each node of a shard, CHAIN-ID RPC GRPC, or for each host, host URL; without it that of router.nodes in config.yaml")
	f.StringVar(&from.main, "main", "", "host:port of a main node's gRPC, beside --nodes; without --nodes it is that of chains.main in config.yaml")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&accounts, "accounts", false, "have each shard add up its accounts, which its blocks wait for; once in a hundred blocks at most")
	return cmd
}

// asked are who is asked, by flags: a file of nodes and a main node, or the settings where there is no file.
type asked struct{ nodes, main string }

// network that is asked.
type network struct {
	shards []check.Shard
	// main chain; nil where there is none.
	main check.Main
	ends []func() error
}

func (n *network) close() (err error) {
	for _, end := range n.ends {
		err = errors.Join(err, end())
	}
	return err
}

// network of a file of nodes, or of the settings; nobody is asked yet, but for a main node which chain it is of.
func (a asked) network(cmd *cobra.Command) (*network, error) {
	at, path, n := chain.Config{GRPC: a.main}, a.nodes, &network{}
	if path == "" {
		home, err := homeOf(cmd)
		if err != nil {
			return nil, err
		}
		cfg, err := config.Load(home)
		if err != nil {
			return nil, err
		}
		if cfg.Router == nil {
			return nil, errors.New("config.yaml has no router section: name a file of nodes with --nodes")
		}
		if a.main != "" {
			return nil, errors.New("--main is for --nodes: config.yaml says where the main chain is")
		}
		path = relayerhome.Within(home, cfg.Router.Nodes)
		if main := cfg.Chains.Main; main.ChainID != "" {
			at = chain.Config{GRPC: main.GRPC[0], Others: main.GRPC[1:], ChainID: main.ChainID}
		}
	}
	file, err := nodes.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	list := file.Now(cmd.Context())
	names := list.Shards()
	if len(names) == 0 {
		return nil, fmt.Errorf("%s names patterns of shards, or hosts that do not answer, and no shard: name each", path)
	}
	for _, name := range names {
		s, err := router.Dial(name, list.Of(name))
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
		n.shards, n.ends = append(n.shards, s), append(n.ends, s.Close)
	}
	if at.GRPC == "" {
		return n, nil
	}
	main, err := chain.Dial(cmd.Context(), at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("main chain: %w", err), n.close())
	}
	n.main, n.ends = main, append(n.ends, main.Close)
	return n, nil
}

// table of the sums for people.
func table(out io.Writer, s check.Supply) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "denom\tissued\texited\theld\tin flight\tburned\tlost\toverdrawn\t")
	for _, sum := range s.Sums {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", sum.Denom, sum.Issued, sum.Exited, sum.Held, sum.InFlight, sum.Burned, sum.Lost, sum.Overdrawn)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if g := s.Main; g != nil {
		if _, err := fmt.Fprintf(out, "%s: of %s utop its accounts hold %s and shards have %s, of which %s leave, %s were taken and %s are paid by fines\n", g.Chain, g.Supply, g.Held, g.Gate, g.Leaving, g.Queued, g.Covered); err != nil {
			return err
		}
	}
	if !s.OK {
		return nil
	}
	_, err := fmt.Fprintf(out, "the supply of %d shards holds\n", s.Shards)
	return err
}
