package launch

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// Command is `launch`.
func Command(app *servicechain.App) *cobra.Command {
	var opts Options
	cmd := &cobra.Command{
		Use:   "launch",
		Short: "Found a service chain: keys, genesis, node configuration, registration on the main chain; prints its nodes as JSON",
		Long: "Found a service chain: keys, genesis, node configuration, registration on the main chain; prints its nodes as JSON.\n" +
			"Run it again after an interruption: with the same options it goes on where it stopped. Settings that were edited since are kept.\n" +
			"Then run each node with `topserviced start --home DIR/nodeN` and join the chains with `relayer link`.",
		Args: cobra.NoArgs,
		// The shared pre-run would write a node's default configuration into --home, which here is the folder of several nodes.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if opts.Dir, err = cmd.Flags().GetString(flags.FlagHome); err != nil {
				return err
			}
			if opts.ChainID, err = cmd.Flags().GetString(flags.FlagChainID); err != nil {
				return err
			}
			if err := opts.validate(); err != nil {
				return err
			}
			summary, err := Launch(cmd.Context(), app, opts)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(summary)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.Type, "type", "", "service type, e.g. messaging (see `topchaind query services service-types`)")
	f.IntVar(&opts.Validators, "validators", 3, "number of validators")
	f.IntVar(&opts.BasePort, "base-port", 0, "ports of node i start at base + 10i (p2p, RPC, gRPC, REST); 0 takes free ports")
	f.StringVar(&opts.MainGRPC, "main-grpc", "", "gRPC address of a main-chain node, host:port")
	f.StringVar(&opts.OperatorMnemonicFile, "operator-mnemonic-file", "", "file with the founder's mnemonic")
	f.StringArrayVar(&opts.GenesisAccounts, "genesis-account", nil, "account that exists from the start, e.g. the relayer's; may be given several times")
	f.DurationVar(&opts.TimeoutCommit, "timeout-commit", time.Second, "pause between blocks")
	f.DurationVar(&opts.VotingPeriod, "voting-period", base.DefaultVotingPeriod, "how long the chain's operators vote on a proposal")
	f.Uint64Var(&opts.Deposit, "deposit", 0, "deposit for the registration in utop; 0 takes the smallest allowed")
	return cmd
}

func (o Options) validate() error {
	for _, missing := range []struct{ value, flag, example string }{
		{o.ChainID, "--chain-id", "top-msg-1"},
		{o.Type, "--type", "messaging"},
		{o.MainGRPC, "--main-grpc", "127.0.0.1:9090"},
		{o.OperatorMnemonicFile, "--operator-mnemonic-file", "operator.txt"},
	} {
		if missing.value == "" {
			return fmt.Errorf("%s is missing, e.g. %s %s", missing.flag, missing.flag, missing.example)
		}
	}
	if err := servicestypes.ValidateTypeName(o.Type); err != nil {
		return fmt.Errorf("--type: %w", err)
	}
	if o.Validators < 1 || o.Validators > 50 {
		return fmt.Errorf("--validators is %d: choose 1 to 50", o.Validators)
	}
	if o.TimeoutCommit > maxTimeoutCommit {
		return fmt.Errorf("--timeout-commit is %s: choose at most %s, for whoever uses the chain waits for its blocks", o.TimeoutCommit, maxTimeoutCommit)
	}
	return nil
}

// maxTimeoutCommit is far beyond any use.
const maxTimeoutCommit = 10 * time.Minute
