package shardchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// A shard splits whose coins nearly all came from others, and whose second half has nearly all of them: neither child begins with less than came, and together they are what the shard was.
func TestSplitOfWhatCame(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 12, main.genesis())
	parent, other := x.shards[0], x.shards[1]
	names := [2]string{"top-z0.s00-1", "top-z0.s01-1"}
	children := [2]latticetypes.Members{x.committees[0].members(names[0], 1, 1), x.committees[0].members(names[1], 1, 1)}
	var rich *user
	for _, u := range parent.users {
		if ownerOf(u, children) == names[1] {
			rich = u
		}
	}
	require.NotNil(t, rich)
	var coming [][]byte
	for _, u := range other.users {
		coming = append(coming, u.send(rich, funds-1_000_000))
	}
	for _, res := range other.block(coming...) {
		require.True(t, res.IsOK(), res.Log)
	}
	other.block()
	require.True(t, parent.block(x.delivery(1, x.waiting(1)[0]))[0].IsOK())
	before, err := parent.Lattice.Head.Get(parent.ctx())
	require.NoError(t, err)
	came := taken(t, parent)
	require.Equal(t, int64(len(other.users))*(funds-1_000_000), came)

	main.tell(parent, shardstypes.StoreKey, shardstypes.ShardKey(parent.chain), &shardstypes.Shard{Name: parent.chain, Status: shardstypes.Status_STATUS_SPLITTING, Children: names[:]})
	parent.block()
	young := [2]*shard{parent.child(children, 0), parent.child(children, 1)}
	issued, held, first := sdk.Coins{}, int64(0), taken(t, young[0])
	for _, c := range young {
		head, err := c.Lattice.Head.Get(c.ctx())
		require.NoError(t, err)
		issued = issued.Add(head.Issued...)
		require.NoError(t, c.Lattice.CheckSupply(c.ctx()))
		require.NoError(t, c.Engine.Walk(func(r lattice.Record) error { held += int64(r.Utop); return nil }))
	}
	require.Equal(t, before.Issued, issued)
	require.Equal(t, came, first+taken(t, young[1]))
	require.Positive(t, taken(t, young[1]), "the first child has not as much as came")
	require.Equal(t, before.Issued.AmountOf("utop").Int64()+came, held)
}

// taken utop by a shard, from all others.
func taken(t *testing.T, s *shard) (sum int64) {
	t.Helper()
	require.NoError(t, s.Lattice.Inboxes.Walk(s.ctx(), nil, func(_ string, i latticetypes.Inbox) (bool, error) {
		sum += i.Total.AmountOf("utop").Int64()
		return false, nil
	}))
	return sum
}
