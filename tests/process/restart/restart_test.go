//go:build process

// Package restart tests a shard that is frozen and goes on from its last audited block, with real hosts, a router, an edge and wallets that know nothing of it.
package restart

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	timeout     = 10 * time.Minute
	waitTimeout = 3 * time.Minute
	// funds of a wallet in utop.
	funds = 10_000_000_000
	// backWithin is how long nobody whose account is in the frozen shard can pay, at most.
	backWithin = 90 * time.Second

	first, next, other = "top-z0.s0-1", "top-z0.s0-2", "top-z1.s1-1"
)

// await a condition.
func await(ctx context.Context, t *testing.T, what string, holds func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, what, holds))
}

// Wallets of two shards pay each other without a pause. One shard is frozen while what it sent is not audited yet, and started again: its next generation debits that first, everybody pays on, no coin is gone or new, and all its members have the same
// state.
func TestFrozenShardIsRestarted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	build, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	var keys [2]localnet.Key
	var accounts []string
	for i := range keys {
		keys[i], err = localnet.WalletIn(lattice.Prefix{Bits: uint32(i), Len: 1}, i)
		require.NoError(t, err)
		accounts = append(accounts, fmt.Sprintf("%s %dutop", keys[i].Address, int64(funds)))
	}
	began := time.Now()
	logf := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	net, err := localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-restart"), Bin: build, Validators: 4, Users: 1, TimeoutCommit: 700 * time.Millisecond, EpochBlocks: 40, MainOnly: true, SmallCaches: true,
		Shards: localnet.Shards{Zones: 2, PerZone: 1, Members: 3, Auditors: 1, Funds: 5_000_000, Unaudited: 500 * localnet.Price, TimeoutCommit: 500 * time.Millisecond, LingerBlocks: 300, Accounts: accounts},
		Logf:   logf,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Stop()) })
	require.Equal(t, first, net.Shards[0].ID)
	require.NoError(t, net.StartRouter(ctx, localnet.RouterName, net.Carrier))
	edge, err := net.StartEdge(ctx)
	require.NoError(t, err)
	var purses [2]*localnet.Purse
	for i := range purses {
		purses[i], err = localnet.NewPurse(edge, keys[i])
		require.NoError(t, err)
		t.Cleanup(func() { _ = purses[i].Close() })
	}
	paying, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{}, 2)
	for i := range purses {
		go func() {
			purses[i].Pay(paying, keys[1-i].Address)
			done <- struct{}{}
		}()
	}
	audited := func(context.Context) error {
		var answer struct {
			Audited struct {
				Height localnet.Uint `json:"height"`
			} `json:"audited"`
		}
		err := net.Main.REST().Get(ctx, "/top/shards/v1/shards/"+first, &answer)
		if err == nil && answer.Audited.Height < 20 {
			err = fmt.Errorf("%s is audited up to %d", first, answer.Audited.Height)
		}
		return err
	}
	await(ctx, t, "audits", audited)
	for _, p := range purses {
		await(ctx, t, "payments", p.Paid(10))
	}

	steward, err := chain.FromMnemonic(net.Steward.Mnemonic)
	require.NoError(t, err)
	client, err := chain.Dial(ctx, chain.Config{GRPC: net.Main.Nodes[0].GRPC, ChainID: net.Main.ID, Register: shardstypes.RegisterInterfaces})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	says := func(msg sdk.Msg) {
		_, err := client.Send(ctx, steward, msg)
		require.NoError(t, err)
	}
	frozenAt := time.Now()
	says(&shardstypes.MsgFreeze{Authority: steward.Address(), Shard: first, Reason: "a test"})
	logf("%s is frozen after %d payments", first, purses[0].Count())
	says(&shardstypes.MsgRestart{Authority: steward.Address(), Shard: first})
	await(ctx, t, next+" takes payments", purses[0].PaidAs(1))
	back := time.Since(frozenAt)
	logf("%s takes payments %.1fs after %s was frozen", next, back.Seconds(), first)
	require.Less(t, back, backWithin)
	for _, p := range purses {
		await(ctx, t, "payments", p.Paid(p.Count()+5))
	}
	stop()
	for range purses {
		<-done
	}

	// What is on its way arrives; both have what they had together, for nobody paid a fee.
	await(ctx, t, "all payments", func(ctx context.Context) error {
		var sum uint64
		for _, p := range purses {
			n, err := p.Balance(ctx)
			if err != nil {
				return err
			}
			sum += n
		}
		if sum != 2*funds {
			return fmt.Errorf("both have %d utop of %d", sum, 2*funds)
		}
		return nil
	})
	await(ctx, t, "supply", func(ctx context.Context) error {
		_, err := net.Supply(ctx)
		return err
	})
	sameState(ctx, t, net, next, other)
	owed, batches := settled(ctx, t, net.Shard(next).Nodes[0].RPC)
	logf("%d ledgers have said what they took, %d batches were debited again", owed, batches)
	require.Equal(t, 2, owed, "the other shard and the main chain")
}

// settled counts what the blocks of a restarted shard have of its settlement.
func settled(ctx context.Context, t *testing.T, rpc string) (owed, batches int) {
	t.Helper()
	c, err := rpchttp.New(rpc, "/websocket")
	require.NoError(t, err)
	s, err := c.Status(ctx)
	require.NoError(t, err)
	for height := s.SyncInfo.EarliestBlockHeight; height <= s.SyncInfo.LatestBlockHeight; height++ {
		b, err := c.Block(ctx, &height)
		require.NoError(t, err)
		for _, raw := range b.Block.Txs {
			if !latticetypes.IsCarried(raw) {
				break
			}
			tx, err := latticetypes.DecodeCarried(raw)
			require.NoError(t, err)
			if tx.GetOwed() != nil {
				owed++
			}
			if tx.GetRedebit() != nil {
				batches++
			}
		}
	}
	return owed, batches
}

// sameState of the shards' nodes a few heights from now.
func sameState(ctx context.Context, t *testing.T, net *localnet.Network, shards ...string) {
	t.Helper()
	require.NoError(t, net.FindShards(ctx))
	for _, name := range shards {
		nodes := net.Shard(name).Nodes
		require.GreaterOrEqual(t, len(nodes), 3)
		status, err := nodes[0].Status(ctx)
		require.NoError(t, err)
		at := status.Height + 3
		hashes := map[string]bool{}
		for _, node := range nodes {
			await(ctx, t, fmt.Sprintf("height %d of %s", at, node.Name), func(ctx context.Context) error {
				h, err := node.Header(ctx, at)
				if err == nil {
					hashes[h.AppHash+h.Hash] = true
				}
				return err
			})
		}
		require.Len(t, hashes, 1, name)
	}
}
