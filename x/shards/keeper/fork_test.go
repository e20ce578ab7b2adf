package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/types"
)

// fork proves two blocks.
func fork(t *testing.T, n *nodes.Network, shard string, blocks ...block) error {
	t.Helper()
	msg := &types.MsgForkEvidence{Signer: nodes.Operator("router"), Shard: shard}
	for _, b := range blocks {
		msg.SignedHeaders = append(msg.SignedHeaders, b.anchor(t, n).SignedHeader)
	}
	if err := msg.ValidateBasic(); err != nil {
		return err
	}
	_, err := nodes.Do(n.Ctx, n.Shards.ForkEvidence, msg)
	return err
}

// Two headers of one height by one committee freeze its shard at the audited height; who signed both in one round is punished, once, and nobody else.
func TestForkFreezesAndPunishes(t *testing.T) {
	n, names := begun(t, 12, 0, one, params())
	c, a := committee(t, n, lone, 1), auditors(t, n, 0, 0)
	_, err := send(n, after(c, 5).anchor(t, n))
	require.NoError(t, err)
	for _, m := range a.Members {
		_, err = report(n, word(t, n, n.Name(m.Operator), after(c, 5), true))
		if err != nil {
			require.ErrorIs(t, err, types.ErrNotFound, "it is audited")
		}
	}
	one, other := after(c, 9), after(c, 9)
	other.appHash, other.absent = hash("other"), []string{c.Members[3].Operator}
	later, forged, lone2 := other, other, other
	later.height, forged.forged = 10, true
	lone2.shard = "top-z0.s9-1"
	require.ErrorIs(t, fork(t, n, lone, one, one), types.ErrInvalid, "one header twice")
	require.ErrorIs(t, fork(t, n, lone, one, later), types.ErrInvalid, "two heights")
	require.ErrorIs(t, fork(t, n, lone, one), types.ErrInvalid)
	require.ErrorIs(t, fork(t, n, lone, one, lone2), types.ErrInvalid, "another shard's")
	require.ErrorIs(t, fork(t, n, lone, one, forged), types.ErrRefused)
	few := other
	few.absent = types.Operators(c.Members[2:])
	require.ErrorIs(t, fork(t, n, lone, one, few), types.ErrRefused, "not two thirds")
	strangers := c
	strangers.Members = slices.Clone(a.Members)
	types.SortMembers(strangers.Members)
	foreign := after(strangers, 9)
	require.Error(t, fork(t, n, lone, one, foreign))
	require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, lone).Status)

	require.NoError(t, fork(t, n, lone, other, one))
	s := shard(t, n, lone)
	require.Equal(t, types.Status_STATUS_FROZEN, s.Status)
	require.EqualValues(t, 5, s.FinalHeight)
	both := types.Operators(c.Members[:3])
	for _, name := range names {
		_, slashed := n.Slashed(name)
		require.Equal(t, slices.Contains(both, nodes.Operator(name)), slashed, name)
	}
	require.ErrorIs(t, fork(t, n, lone, one, other), types.ErrKnown)
	n.Block(t)
	n.Check(t)
}

// A member that cannot be punished spares neither the others nor the shard.
func TestForkOfOneWhoCannotBePunished(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	c := committee(t, n, lone, 1)
	spared := c.Members[1]
	// x/slashing refuses it a second time.
	require.NoError(t, n.Staking.SlashWithInfractionReason(n.Ctx, spared.ConsAddress(), math.LegacyZeroDec(), 0, 1, stakingtypes.Infraction_INFRACTION_DOUBLE_SIGN))
	one, other := after(c, 9), after(c, 9)
	other.appHash = hash("other")
	require.NoError(t, fork(t, n, lone, one, other))
	require.Equal(t, types.Status_STATUS_FROZEN, shard(t, n, lone).Status)
	for _, m := range c.Members {
		require.Equal(t, m.Operator != spared.Operator, n.Staking.IsTombstoned(n.Ctx, m.ConsAddress()), m.Operator)
	}
	n.Check(t)
}

// Of two rounds nobody can tell who broke a lock: the shard is frozen, and nobody is punished.
func TestForkOfTwoRounds(t *testing.T) {
	n, names := begun(t, 12, 0, one, params())
	c := committee(t, n, lone, 1)
	one, other := after(c, 9), after(c, 9)
	other.appHash, other.round = hash("other"), 1
	require.NoError(t, fork(t, n, lone, one, other))
	require.Equal(t, types.Status_STATUS_FROZEN, shard(t, n, lone).Status)
	for _, name := range names {
		_, slashed := n.Slashed(name)
		require.False(t, slashed)
	}
	n.Check(t)
}
