package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/types"
)

// A header counts by itself that the committee after the newest anchor has signed, or that is known: by its anchor, its auditors or its end. What a committee signs that no longer sits does not.
func TestHeadersThatCount(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	verify := func(b block) error { return n.Shards.VerifyHeader(n.Ctx, lone, b.signed(t, n)) }
	first := committee(t, n, lone, 1)
	require.NoError(t, verify(after(first, 1)), "before the first anchor")
	forged := after(first, 2)
	forged.forged = true
	require.ErrorIs(t, verify(forged), types.ErrRefused)
	_, err := send(n, after(first, 5).anchor(t, n))
	require.NoError(t, err)
	require.NoError(t, verify(after(first, 5)))
	require.NoError(t, verify(after(first, 9)))
	require.NoError(t, verify(after(first, 4)), "of the term that runs")
	fork := after(first, 5)
	fork.appHash = hash("fork")
	require.ErrorIs(t, verify(fork), types.ErrRefused, "another of the anchored height")

	// The next term is decided: the first one counts in the overlap, and no longer than the epoch in which the next began.
	n.Validator(n.Name(first.Members[0].Operator)).Jailed = true
	n.Block(t)
	second := committee(t, n, lone, 2)
	require.NoError(t, verify(after(first, 12)))
	require.ErrorIs(t, verify(after(second, 12)), types.ErrRefused, "nobody anchored that it signs")
	old := n.Ctx
	n.Epoch(t)
	n.Epoch(t)
	require.ErrorContains(t, verify(after(first, 12)), "anchor its last header first")
	n.Ctx = old
	switching := after(first, 7)
	switching.next = second.ValidatorsHash
	_, err = send(n, switching.anchor(t, n))
	require.NoError(t, err)
	require.NoError(t, verify(switching))
	require.NoError(t, verify(after(second, 12)))
	require.ErrorIs(t, verify(after(first, 6)), types.ErrRefused, "a term that is over")
	require.ErrorIs(t, verify(after(first, 12)), types.ErrRefused)

	// Frozen: nothing was audited, so nothing counts.
	_, err = n.Shards.Freeze(n.Ctx, &types.MsgFreeze{Authority: nodes.Authority(), Shard: lone, Reason: "test"})
	require.NoError(t, err)
	require.ErrorIs(t, verify(after(second, 12)), types.ErrStatus)
	require.ErrorIs(t, verify(switching), types.ErrStatus)
}
