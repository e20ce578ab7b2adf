package testnet

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/servicechain"
)

// Command is `testnet`: a service chain of several validators on loopback.
func Command(app *servicechain.App) *cobra.Command {
	return localchain.Command("Make and run a service chain of several validators on this machine, without a main chain", initCommand(app))
}

func initCommand(app *servicechain.App) *cobra.Command {
	var opts Options
	cmd := &cobra.Command{
		Use:   "init-files",
		Short: "Write keys, genesis and configuration of N validators; prints them as JSON",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chainID, err := cmd.Flags().GetString(flags.FlagChainID)
			if err != nil {
				return err
			}
			if chainID != "" {
				opts.ChainID = chainID
			}
			summary, err := Init(app, opts)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(summary)
		},
	}
	opts.ChainID = "top-msg-1"
	f := cmd.Flags()
	f.IntVar(&opts.Validators, "validators", 3, "number of validators")
	f.StringVar(&opts.Dir, localchain.FlagDir, "./testnet", "directory for node0, node1 …")
	f.IntVar(&opts.BasePort, "base-port", 0, "ports of node i start at base + 10i (p2p, RPC, gRPC, REST); 0 takes free ports")
	f.DurationVar(&opts.TimeoutCommit, "timeout-commit", time.Second, "pause between blocks")
	f.StringVar(&opts.Type, "type", "messaging", "service type")
	f.StringVar(&opts.MainChainID, "main-chain-id", "top-main-1", "the main chain that it would be linked to")
	f.Uint64Var(&opts.EpochBlocks, "epoch-blocks", 20, "blocks per epoch of that main chain")
	f.DurationVar(&opts.VotingPeriod, "voting-period", base.DefaultVotingPeriod, "how long the operators vote on a proposal")
	return cmd
}
