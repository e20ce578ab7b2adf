//go:build process

// Package restart tests shards that are frozen and go on from their last audited block, with real hosts, a router, an edge and wallets that know nothing of it.
package restart

import (
	"context"
	"fmt"
	"math"
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
	// timeout of a test, waitTimeout of one wait.
	timeout     = 10 * time.Minute
	waitTimeout = 3 * time.Minute
	// funds of a wallet in utop: its quota is enough for all its payments.
	funds = 100_000_000_000
	// backWithin is how long after a freeze nobody whose account is in the frozen shard can pay, at most, where the restart follows on it.
	backWithin = 90 * time.Second

	// first is frozen, next is its next generation, other goes on.
	first, next, other = "top-z0.s0-1", "top-z0.s0-2", "top-z1.s1-1"
	// epochBlocks of the main chain.
	epochBlocks = 32
)

// network of two shards, each in a zone of its own, and wallets that pay each other in a ring without a pause, also when a test has failed until it is cleaned up.
type network struct {
	*localnet.Network
	t *testing.T
	// purses of the wallets: the first one's account is in the shard that is frozen, the others' are in the other one.
	purses  []*localnet.Purse
	main    *chain.Client
	steward *chain.Key
	logf    func(format string, args ...any)
	// rest ends the payments, and returns when none is made any more.
	rest func()
}

// start a network with so many wallets. A test says of its settings what is its own, with a name as directory.
func start(t *testing.T, wallets int, cfg localnet.Config) *network {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	build, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	shards := &cfg.Shards
	keys := make([]localnet.Key, wallets)
	for i := range keys {
		keys[i], err = localnet.WalletIn(lattice.Prefix{Bits: uint32(min(i, 1)), Len: 1}, i)
		require.NoError(t, err)
		shards.Accounts = append(shards.Accounts, fmt.Sprintf("%s %dutop", keys[i].Address, int64(funds)))
	}
	shards.Zones, shards.PerZone, shards.Members, shards.Auditors = 2, 1, 3, 1
	shards.Funds, shards.Unaudited, shards.TimeoutCommit, shards.LingerBlocks = 5_000_000, 500*localnet.Price, 500*time.Millisecond, 300
	cfg.Dir, cfg.Bin, cfg.Users, cfg.TimeoutCommit, cfg.EpochBlocks, cfg.MainOnly, cfg.Machines, cfg.SmallCaches = filepath.Join(build, cfg.Dir), build, 1, 700*time.Millisecond, epochBlocks, true, true, true
	began := time.Now()
	n := &network{t: t, logf: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	cfg.Logf = n.logf
	n.Network, err = localnet.Start(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop()) })
	require.Equal(t, first, n.Shards[0].ID)
	require.NoError(t, n.StartRouter(ctx, localnet.RouterName, n.Carrier))
	edge, err := n.StartEdge(ctx)
	require.NoError(t, err)
	n.steward, err = chain.FromMnemonic(n.Steward.Mnemonic)
	require.NoError(t, err)
	n.main, err = chain.Dial(ctx, chain.Config{GRPC: n.Main.Nodes[0].GRPC, ChainID: n.Main.ID, Register: shardstypes.RegisterInterfaces})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.main.Close() })
	n.pay(ctx, edge, keys)
	return n
}

// pay in a ring until the network rests.
func (n *network) pay(ctx context.Context, edge localnet.Edge, keys []localnet.Key) {
	n.t.Helper()
	for _, key := range keys {
		p, err := localnet.NewPurse(edge, key)
		require.NoError(n.t, err)
		n.t.Cleanup(func() { _ = p.Close() })
		n.purses = append(n.purses, p)
	}
	paying, stop := context.WithCancel(ctx)
	n.t.Cleanup(stop)
	done := make(chan struct{}, len(keys))
	for i, p := range n.purses {
		go func() {
			p.Pay(paying, keys[(i+1)%len(keys)].Address)
			done <- struct{}{}
		}()
	}
	n.rest = func() {
		stop()
		for range keys {
			<-done
		}
	}
}

// await a condition.
func (n *network) await(what string, holds func(context.Context) error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), waitTimeout)
	defer cancel()
	require.NoError(n.t, process.Await(ctx, what, holds))
}

// says the steward.
func (n *network) says(msg sdk.Msg) {
	n.t.Helper()
	_, err := n.main.Send(n.t.Context(), n.steward, msg)
	require.NoError(n.t, err)
}

// record of a shard on the main chain.
func (n *network) record(ctx context.Context, shard string) (*shardstypes.QueryShardResponse, error) {
	return shardstypes.NewQueryClient(n.main.Conn()).Shard(ctx, &shardstypes.QueryShardRequest{Name: shard})
}

// audited waits until auditors have confirmed a shard up to a height.
func (n *network) audited(shard string, height uint64) {
	n.t.Helper()
	n.await("audits of "+shard, func(ctx context.Context) error {
		r, err := n.record(ctx, shard)
		if err == nil && (r.Audited == nil || r.Audited.Height < height) {
			err = fmt.Errorf("it is audited up to %v", r.Audited)
		}
		return err
	})
}

// paid waits until each wallet has made so many more payments.
func (n *network) paid(more int) {
	n.t.Helper()
	for _, p := range n.purses {
		n.await("payments", p.Paid(p.Count()+more))
	}
}

// agree waits until all that is on its way has arrived, and holds what everybody has then against what there was: nobody paid a fee.
func (n *network) agree() {
	t := n.t
	t.Helper()
	want := uint64(len(n.purses)) * funds
	n.await("all payments", func(ctx context.Context) error {
		var sum uint64
		for _, p := range n.purses {
			has, err := p.Balance(ctx)
			if err != nil {
				return err
			}
			sum += has
		}
		if sum != want {
			return fmt.Errorf("all have %d utop of %d", sum, want)
		}
		return nil
	})
	n.await("supply", func(ctx context.Context) error {
		_, err := n.Supply(ctx)
		return err
	})
	for _, name := range []string{next, other} {
		require.NoError(t, n.SameState(t.Context(), name))
	}
	owed, batches := n.settled(next)
	n.logf("%d ledgers have said what they took, %d batches were debited again", owed, batches)
	require.Equal(t, 2, owed, "the other shard and the main chain")
	require.Positive(t, batches, "others had taken something of the blocks that do not count")
}

// settled counts what the blocks of a restarted shard have of its settlement, as the node tells that has most of them: who joined later has not all.
func (n *network) settled(shard string) (owed, batches int) {
	t := n.t
	t.Helper()
	rpc, earliest := "", int64(math.MaxInt64)
	for _, node := range n.Shard(shard).Nodes {
		if s, err := node.Status(t.Context()); err == nil && s.Height > 0 && s.Earliest < earliest {
			rpc, earliest = node.RPC, s.Earliest
		}
	}
	c, err := rpchttp.New(rpc, "/websocket")
	require.NoError(t, err)
	s, err := c.Status(t.Context())
	require.NoError(t, err)
	for height := s.SyncInfo.EarliestBlockHeight; height <= s.SyncInfo.LatestBlockHeight; height++ {
		b, err := c.Block(t.Context(), &height)
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
