package testnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/mainchain"
	shardcli "github.com/topnetwork/top/app/shardchain/cli"
	"github.com/topnetwork/top/node/config"
)

// Command is `testnet`: a main chain of several validators.
func Command(app *mainchain.App) *cobra.Command {
	return localchain.Command("Make and run a main chain of several validators on this machine", initCommand(app))
}

func initCommand(app *mainchain.App) *cobra.Command {
	var opts Options
	var accounts []string
	var shardAccounts string
	cmd := &cobra.Command{
		Use:   "init-files",
		Short: "Write keys, genesis and configuration of N validators; prints them as JSON",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, a := range accounts {
				b, err := parseAccount(a)
				if err != nil {
					return err
				}
				opts.Accounts = append(opts.Accounts, b)
			}
			if shardAccounts != "" {
				issued, err := shardcli.Issued(shardAccounts)
				if err != nil {
					return fmt.Errorf("--shard-accounts: %w", err)
				}
				opts.Shards.Issued = issued
			}
			chainID, err := cmd.Flags().GetString("chain-id")
			if err != nil {
				return err
			}
			if opts.ChainID = chainID; chainID == "" {
				opts.ChainID = mainchain.ChainID
			}
			summary, err := Init(cmd.Context(), app, opts)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(summary)
		},
	}
	f := cmd.Flags()
	f.IntVar(&opts.Validators, "validators", 4, "number of validators")
	f.StringVar(&opts.Dir, localchain.FlagDir, "./testnet", "directory for node0, node1 …")
	f.IntVar(&opts.BasePort, "base-port", 0, "ports of node i start at base + 10i (p2p, RPC, gRPC, REST); 0 takes free ports")
	f.StringVar(&opts.StartingIP, "starting-ip-address", "", "where each validator has a machine of its own, the first one's address; the next one's is one more, and so on. Empty for all on this machine's loopback")
	f.DurationVar(&opts.TimeoutCommit, "timeout-commit", time.Second, "pause between blocks")
	f.Uint64Var(&opts.EpochBlocks, "epoch-blocks", 20, "blocks per epoch, fixed for the life of the chain")
	f.Uint32Var(&opts.Committee, "committee", 21, "how many of the validators make blocks at a time; the others are candidates")
	f.Uint32Var(&opts.Standbys, "standbys", 7, "how many candidates stand by for seats that fall vacant")
	f.Int64Var(&opts.SignedBlocksWindow, "signed-blocks-window", slashingtypes.DefaultSignedBlocksWindow, "blocks over which absence is counted; who misses more than half of them is jailed")
	f.DurationVar(&opts.VotingPeriod, "voting-period", base.DefaultVotingPeriod, "how long a proposal is voted on")
	shards := config.DefaultShards()
	f.IntVar(&opts.Shards.Zones, "zones", 0, "zones of the network's shards, which the validators host; 0 for a main chain alone. Their genesis is made when it runs: shard found --output-dir DIR/shards")
	f.IntVar(&opts.Shards.PerZone, "shards", 2, "shards in each zone")
	f.Uint32Var(&opts.Shards.Members, "shard-members", 4, "members of a shard's committee")
	f.Uint32Var(&opts.Shards.Standbys, "shard-standbys", 0, "standbys of a shard's committee")
	f.Uint32Var(&opts.Shards.Auditors, "shard-auditors", 0, "auditors of a zone, none of whom sits in its committees")
	f.StringVar(&opts.Shards.Steward, "shard-steward", "", "account that may split, merge, freeze and restart shards, as governance may")
	f.DurationVar(&opts.Shards.TimeoutCommit, "shard-timeout-commit", shards.TimeoutCommit, "pause between a shard's blocks")
	f.IntVar(&opts.Shards.Processors, "shard-processors", 1, "processors that one shard's node may use; 0 for all")
	f.Int64Var(&opts.Shards.LingerBlocks, "shard-linger-blocks", shards.LingerBlocks, "blocks of the main chain for which a shard's node runs on after its last term")
	f.DurationVar(&opts.Shards.KeepData, "shard-keep-data", shards.KeepData, "how long the data of a shard stay after that")
	f.StringVar(&shardAccounts, "shard-accounts", "", "file with an account of the shards' genesis in every line: ADDRESS COINS, as `shard found --accounts` takes it; this chain's gate holds as much")
	f.StringArrayVar(&accounts, "account", nil, "ADDRESS=AMOUNT in utop, may be given several times")
	return cmd
}

// parseAccount reads ADDRESS=AMOUNT; the amount may carry the denomination.
func parseAccount(s string) (Balance, error) {
	addr, amount, ok := strings.Cut(s, "=")
	if !ok {
		return Balance{}, fmt.Errorf("--account %q: want ADDRESS=AMOUNT, e.g. top1…=1000000", s)
	}
	acc, err := sdk.AccAddressFromBech32(addr)
	if err != nil {
		return Balance{}, fmt.Errorf("--account %q: %w", s, err)
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(amount, base.Denom), 10, 64)
	if err != nil || n <= 0 {
		return Balance{}, errors.Join(fmt.Errorf("--account %q: the amount is a whole number of utop above 0", s), err)
	}
	return Balance{Address: acc, Utop: n}, nil
}
