//go:build process

package captured

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// next generation of the captured shard.
const next = "top-z0.s0-2"

// exposure of the network to the captured shard, as the main chain reckons it while all is well.
func (n *network) exposure() gatetypes.Exposure {
	t := n.t
	t.Helper()
	res, err := gatetypes.NewQueryClient(n.main.Conn()).Exposure(t.Context(), &gatetypes.QueryExposureRequest{})
	require.NoError(t, err)
	at := slices.IndexFunc(res.Shards, func(e gatetypes.Exposure) bool { return e.Shard == taken })
	require.GreaterOrEqual(t, at, 0)
	require.True(t, res.Shards[at].Covered)
	return res.Shards[at]
}

// paidByThieves: the shard is restarted by hosts that did not sit in it. What the thief's coins were in the blocks that count, which is nothing, does not pay what others have taken; the deposits do of those who signed, to the utop: the gate's account holds
// what all accounts of shards hold again, and there are no more coins than before.
func (n *network) paidByThieves(lost, fined uint64, honest *user) {
	t := n.t
	t.Helper()
	fines := func(ctx context.Context) (left math.Int, covered []shardstypes.Covered, err error) {
		res, err := shardstypes.NewQueryClient(n.main.Conn()).Fines(ctx, &shardstypes.QueryFinesRequest{})
		if err != nil {
			return left, nil, err
		}
		return res.Left, res.Covered, nil
	}
	before, covered, err := fines(t.Context())
	require.NoError(t, err)
	require.Empty(t, covered)
	require.Equal(t, fined, before.Uint64(), "as was reckoned before")

	steward, err := chain.FromMnemonic(n.Steward.Mnemonic)
	require.NoError(t, err)
	began := time.Now()
	_, err = n.main.Send(t.Context(), steward, &shardstypes.MsgRestart{Authority: steward.Address(), Shard: taken})
	require.NoError(t, err)
	n.await("the fines pay", func(ctx context.Context) error {
		left, covered, err := fines(ctx)
		if err != nil {
			return err
		}
		if len(covered) != 1 || covered[0].Shard != next || covered[0].Utop.Uint64() != lost || !left.Equal(before.Sub(math.NewIntFromUint64(lost))) {
			return fmt.Errorf("%v are covered, want %d utop of %s; %s of %s are left", covered, lost, next, left, before)
		}
		return nil
	})
	t.Logf("%.1fs after the restart %d utop are paid of %s that were fined", time.Since(began).Seconds(), lost, before)

	var at localnet.Node
	n.await("who goes on from it", func(ctx context.Context) error {
		list, err := n.Following(ctx, next, 1)
		if err == nil {
			at = list[0]
		}
		return err
	})
	n.connect(next, at.GRPC)
	head, err := latticetypes.NewQueryClient(n.conns[next]).Head(t.Context(), &latticetypes.QueryHeadRequest{})
	require.NoError(t, err)
	require.Equal(t, lost, head.Head.Overdrawn.AmountOf(sendtx.Utop).Uint64())
	honest.shard, honest.restarts = next, 1
	payee := newUser(t, next, 0, 5)
	n.await("payments", func(ctx context.Context) error { return n.pay(ctx, honest, coin, payee.address) })
	_, has, err := n.account(t.Context(), payee)
	require.NoError(t, err)
	require.EqualValues(t, coin, has)
	// The thief's nodes make coins on, and auditors' nodes stand where they began: neither counts any more.
	n.await("supply", func(ctx context.Context) error {
		_, err := n.Supply(ctx)
		return err
	})
}
