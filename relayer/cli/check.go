package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/topnetwork/top/relayer/check"
	"github.com/topnetwork/top/relayer/config"
	relayerhome "github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/router"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Hold a live network against what must be true of it at any time"}
	cmd.AddCommand(supplyCommand())
	return cmd
}

func supplyCommand() *cobra.Command {
	var nodes string
	var asJSON, accounts bool
	cmd := &cobra.Command{
		Use: "supply", Short: "Add up the coins of all shards: held + in flight + burned + lost = issued; exit code 1 where that does not hold", Args: cobra.NoArgs,
		Long: "Add up the coins of all shards: held + in flight + burned + lost = issued; exit code 1 where that does not hold.\n" +
			"It can be run at any time, while transfers go on. What accounts hold follows from what a shard was issued, what it has sent and what it has taken;\n" +
			"with --accounts each shard adds up its accounts, too. The shards are those of router.nodes in config.yaml, or of --nodes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			shards, closeAll, err := shardsOf(cmd, nodes)
			if err != nil {
				return err
			}
			supply, err := check.Read(cmd.Context(), shards, accounts)
			if err = errors.Join(err, closeAll()); err != nil {
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
	f.StringVar(&nodes, "nodes", "", "file with a line for each node of a shard, CHAIN-ID RPC GRPC; without it that of router.nodes in config.yaml")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&accounts, "accounts", false, "have each shard add up its accounts, which its blocks wait for; once in a hundred blocks at most")
	return cmd
}

// shardsOf a network: those of a file of nodes, or of the settings.
func shardsOf(cmd *cobra.Command, path string) ([]check.Shard, func() error, error) {
	if path == "" {
		home, err := homeOf(cmd)
		if err != nil {
			return nil, nil, err
		}
		cfg, err := config.Load(home)
		if err != nil {
			return nil, nil, err
		}
		if cfg.Router == nil {
			return nil, nil, errors.New("config.yaml has no router section: name a file of nodes with --nodes")
		}
		path = relayerhome.Within(home, cfg.Router.Nodes)
	}
	nodes, err := router.ReadNodes(path)
	if err != nil {
		return nil, nil, err
	}
	names := nodes.Shards()
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%s names patterns of shards only: name each", path)
	}
	var shards []check.Shard
	var ends []func() error
	closeAll := func() (err error) {
		for _, end := range ends {
			err = errors.Join(err, end())
		}
		return err
	}
	for _, name := range names {
		s, err := router.Dial(name, nodes.Of(name))
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		shards, ends = append(shards, s), append(ends, s.Close)
	}
	return shards, closeAll, nil
}

// table of the sums for people.
func table(out io.Writer, s check.Supply) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "denom\tissued\theld\tin flight\tburned\tlost\t")
	for _, sum := range s.Sums {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", sum.Denom, sum.Issued, sum.Held, sum.InFlight, sum.Burned, sum.Lost)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !s.OK {
		return nil
	}
	_, err := fmt.Fprintf(out, "the supply of %d shards holds\n", s.Shards)
	return err
}
