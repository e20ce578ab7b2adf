package metering

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/refusal"
)

// Over all sessions, and over a crash, no more is used without a claim than the bound; a claim makes room.
func TestBound(t *testing.T) {
	b := newBench(t)
	first, second := b.open(1), b.open(2)
	for _, c := range []client{first, second} {
		require.NoError(t, b.Tick("peer", c.tick(100)))
	}
	b.Bound(480)
	require.False(t, b.AtBound())
	require.NoError(t, b.charge(first, 2))
	require.NoError(t, b.charge(second, 1))
	require.Equal(t, refusal.Stopped, refusal.Code(b.charge(second, 2)))
	require.True(t, b.AtBound())
	require.EqualValues(t, 360, b.Figures().Owed, "what was refused is not owed")

	require.NoError(t, b.Voucher("peer", first.voucher(1, messages(2))))
	b.crash()
	b.Bound(480)
	require.Equal(t, refusal.Stopped, refusal.Code(b.charge(first, 2)), "a restart is no way around it")
	require.NoError(t, b.charge(first, 1))
	require.Equal(t, refusal.Stopped, refusal.Code(b.charge(first, 1)))
	b.Bound(480)
	require.True(t, b.AtBound())

	b.Claimed(epoch)
	require.False(t, b.AtBound())
	b.Unbound()
	b.Bound(0)
	require.True(t, b.AtBound(), "nothing may be risked")
	b.Unbound()
	require.False(t, b.AtBound())
}
