package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/x/billing/types"
)

// An honest service chain gives back what it has, in any order of deliveries, acknowledgements and timeouts: nothing is refused, the line never promises more than it
// has, and in the end nothing is in flight.
func TestCreditLineInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Uint64Range(1, 100), 1, 6).Draw(t, "packets")
		arrives := rapid.SliceOfN(rapid.Bool(), len(amounts), len(amounts)).Draw(t, "arrives")
		line := types.CreditLine{}
		for _, a := range amounts {
			line.Credited, line.InFlight = line.Credited+a, line.InFlight+a
		}
		var held, want uint64 // on the service chain; what arrived at all
		unheard, told := map[int]bool{}, map[int]bool{}
		for len(told) < len(amounts) {
			i := rapid.IntRange(0, len(amounts)-1).Draw(t, "packet")
			switch {
			case told[i]:
			case !arrives[i]:
				refund, err := line.Fail(amounts[i])
				require.NoError(t, err)
				require.Equal(t, amounts[i], refund)
				told[i] = true
			case !unheard[i]:
				held, want, unheard[i] = held+amounts[i], want+amounts[i], true
			default:
				require.NoError(t, line.Acknowledge(amounts[i]))
				told[i] = true
			}
			if back := rapid.Uint64Range(0, held).Draw(t, "back"); back > 0 {
				require.NoError(t, line.GiveBack(back))
				held -= back
			}
			open, err := line.Open()
			require.NoError(t, err)
			require.LessOrEqual(t, line.InFlight, open)
		}
		require.Zero(t, line.InFlight)
		require.Zero(t, line.Arrived)
		require.Equal(t, want, line.Credited)
	})
}

// A chain that gives credit back and then denies that it ever came does not have it paid twice.
func TestDeniedCreditIsPaidOnce(t *testing.T) {
	line := types.CreditLine{Credited: 100, InFlight: 100}
	require.NoError(t, line.GiveBack(60))
	require.Equal(t, types.CreditLine{Credited: 100, Released: 60, InFlight: 40, Arrived: 60}, line)
	require.ErrorIs(t, line.GiveBack(41), types.ErrPacket)
	refund, err := line.Fail(100)
	require.NoError(t, err)
	require.EqualValues(t, 40, refund)
	require.Equal(t, types.CreditLine{Credited: 60, Released: 60}, line)
	_, err = line.Fail(1)
	require.Error(t, err)
	require.Error(t, line.Acknowledge(1))
}
