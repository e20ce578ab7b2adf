package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/keeper"
	"github.com/topnetwork/top/x/shards/types"
)

// covered utop by shard, and what is left of fines: the gate's account has the one, the module's the other.
func covered(t testing.TB, n *nodes.Network) (by map[string]int64, left int64) {
	t.Helper()
	res, err := keeper.NewQueryServer(n.Shards).Fines(n.Ctx, &types.QueryFinesRequest{})
	require.NoError(t, err)
	by = map[string]int64{}
	sum := int64(0)
	for _, c := range res.Covered {
		by[c.Shard] = c.Utop.Int64()
		sum += c.Utop.Int64()
	}
	all, err := n.Shards.Covered(n.Ctx)
	require.NoError(t, err)
	require.Equal(t, sum, all.Int64())
	require.Equal(t, sum, n.InGate())
	n.Check(t)
	return by, res.Left.Int64()
}

// says a shard's head so much is overdrawn, in a header that is anchored and, but for the unsure, audited.
func says(t testing.TB, n *nodes.Network, name string, height, overdrawn int64, sure bool) {
	t.Helper()
	s := overdrawnState(t, 0, 0, overdrawn)
	b := after(committee(t, n, name, 0), height)
	b.appHash = s.hash
	a := b.anchor(t, n)
	a.Head = &types.HeadProof{Head: s.headBytes, Proof: s.head}
	_, err := send(n, a)
	require.NoError(t, err)
	if sure {
		confirm(t, n, b)
	}
}

// confirm a header by as many auditors as it needs.
func confirm(t testing.TB, n *nodes.Network, b block) {
	t.Helper()
	for _, m := range auditors(t, n, 0, epochOf(n)).Members {
		if r := record(t, n, b.shard); r.Audited == nil || r.Audited.Height < uint64(b.height) {
			_, err := report(n, word(t, n, n.Name(m.Operator), b, true))
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, b.height, record(t, n, b.shard).Audited.Height)
}

// What members of a shard lose for what they signed there is not burned: it pays what the shard's next generation has overdrawn, as far as an audited head says so and no further, and whoever goes on from that has it.
func TestFinesPayWhatIsOverdrawn(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	const fines = 3 * nodes.Deposit / 20
	c := committee(t, n, lone, 1)
	most, err := n.Shards.Fines(n.Ctx, lone)
	require.NoError(t, err)
	require.EqualValues(t, members*nodes.Deposit/20, most.Int64())
	says(t, n, lone, 5, 0, true)
	bad := after(c, 9)
	bad.absent = []string{c.Members[3].Operator}
	_, err = send(n, bad.anchor(t, n))
	require.NoError(t, err)
	for _, m := range auditors(t, n, 0, 0).Members {
		_, err = report(n, word(t, n, n.Name(m.Operator), bad, false))
		if err != nil {
			require.ErrorIs(t, err, types.ErrNotFound, "it is denied")
		}
	}
	by, left := covered(t, n)
	require.Empty(t, by)
	require.EqualValues(t, fines, left)
	most, err = n.Shards.Fines(n.Ctx, lone)
	require.NoError(t, err)
	require.EqualValues(t, (members-3)*nodes.Deposit/20, most.Int64(), "nobody pays twice")
	_, err = nodes.Do(n.Ctx, n.Shards.Restart, &types.MsgRestart{Authority: nodes.Authority(), Shard: lone})
	require.NoError(t, err)
	const next = "top-z0.s-2"
	is := func(why string, want map[string]int64) {
		t.Helper()
		by, left := covered(t, n)
		require.Equal(t, want, by, why)
		for _, utop := range want {
			left += utop
		}
		require.EqualValues(t, fines, left, "nothing is gone, or new")
	}
	says(t, n, next, 2, 500, false)
	is("nobody has confirmed it", map[string]int64{})
	says(t, n, next, 4, 100, true)
	is("as much as is overdrawn", map[string]int64{next: 100})
	says(t, n, next, 6, 60, true)
	is("what came again comes back", map[string]int64{next: 60})
	bare := after(committee(t, n, next, 0), 8)
	_, err = send(n, bare.anchor(t, n))
	require.NoError(t, err)
	confirm(t, n, bare)
	is("it says nothing", map[string]int64{next: 60})
	says(t, n, next, 10, 2*fines, true)
	is("all that there is", map[string]int64{next: fines})
	says(t, n, next, 12, 60, true)

	require.NoError(t, split(n, next))
	end := overdrawnState(t, 20, 500, 90)
	last := after(committee(t, n, next, 0), 21)
	_, err = send(n, end.last(t, n, last))
	require.NoError(t, err)
	pair := []string{"top-z0.s0-1", "top-z0.s1-1"}
	is("the first child has it", map[string]int64{pair[0]: 60})
	last.appHash = end.hash
	confirm(t, n, last)
	is("its children pay what it has overdrawn at last", map[string]int64{pair[0]: 60})
	says(t, n, pair[1], 2, 35, true)
	is("the other's part", map[string]int64{pair[0]: 60, pair[1]: 35})
	says(t, n, pair[0], 2, 55, true)
	is("each its own", map[string]int64{pair[0]: 55, pair[1]: 35})
	again(t, n)

	_, err = nodes.Do(n.Ctx, n.Shards.Freeze, &types.MsgFreeze{Authority: nodes.Authority(), Shard: pair[0], Reason: "a test"})
	require.NoError(t, err)
	_, err = nodes.Do(n.Ctx, n.Shards.Restart, &types.MsgRestart{Authority: nodes.Authority(), Shard: pair[0]})
	require.NoError(t, err)
	pair[0] = "top-z0.s0-2"
	is("its next generation has it", map[string]int64{pair[0]: 55, pair[1]: 35})
	_, err = nodes.Do(n.Ctx, n.Shards.Merge, &types.MsgMerge{Authority: nodes.Authority(), Shards: pair})
	require.NoError(t, err)
	for _, name := range pair {
		a := overdrawnState(t, 30, 5, 45).last(t, n, after(committee(t, n, name, 0), 31))
		a.Final.Left, a.Final.Right = nil, nil
		_, err := send(n, a)
		require.NoError(t, err)
	}
	const merged = "top-z0.s-3"
	is("the one that both become has both", map[string]int64{merged: 90})
	says(t, n, merged, 2, 90, true)
	is("and it is even", map[string]int64{merged: 90})
	again(t, n)
}

// A head says whatever its committee has signed: what is no sum of utop is refused.
func TestOverdrawnHeads(t *testing.T) {
	for why, raw := range map[string][]byte{
		"less than nothing": {0x4a, 0x0a, 0x0a, 0x04, 'u', 't', 'o', 'p', 0x12, 0x02, '-', '5'},
		"nothing":           {0x4a, 0x06, 0x0a, 0x04, 'u', 't', 'o', 'p'},
		"another coin":      {0x4a, 0x08, 0x0a, 0x03, 'b', 't', 'c', 0x12, 0x01, '5'},
		"twice":             {0x4a, 0x09, 0x0a, 0x04, 'u', 't', 'o', 'p', 0x12, 0x01, '5', 0x4a, 0x09, 0x0a, 0x04, 'u', 't', 'o', 'p', 0x12, 0x01, '5'},
	} {
		var head types.LatticeHead
		require.NoError(t, head.Unmarshal(raw), why)
		_, err := head.OverdrawnUtop()
		require.ErrorIs(t, err, types.ErrInvalid, why)
	}
	var head types.LatticeHead
	require.NoError(t, head.Unmarshal([]byte{0x4a, 0x09, 0x0a, 0x04, 'u', 't', 'o', 'p', 0x12, 0x01, '5'}))
	utop, err := head.OverdrawnUtop()
	require.NoError(t, err)
	require.EqualValues(t, 5, utop.Int64())
}
