package sortition

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/stake"
)

type comprehensive = func(p stake.Params, own, delegated, reputation, computing uint64) (uint64, error)

func askSplit(t *testing.T, rule comprehensive, utop, parts uint64) []string {
	o := real()
	o.Rules.Comprehensive = rule
	return broken(ask(t, func(tell report) error { return o.split(tell, "case", splitStakes, utop, parts, 3_000) }))
}

func TestSplittingStaysWithinTheBound(t *testing.T) {
	for _, utop := range []uint64{deposits.SaturationUtop / 2, 3 * deposits.MinDepositUtop, 4 * deposits.SaturationUtop} {
		require.Empty(t, askSplit(t, stake.Params.Comprehensive, utop, 4))
	}
}

// A concave asset, as the original network's root, pays for splitting; without a minimum deposit dust counts.
func TestRulesThatPayForSplittingAreSeen(t *testing.T) {
	concave := func(p stake.Params, own, delegated, reputation, computing uint64) (uint64, error) {
		root := uint64(1)
		for root*root < own {
			root += 1000
		}
		return root, nil
	}
	require.Equal(t, []string{"splitting.case.seats", "splitting.case.weight"}, askSplit(t, concave, deposits.SaturationUtop/2, 4))

	noMinimum := func(p stake.Params, own, delegated, reputation, computing uint64) (uint64, error) {
		p.MinDepositUtop = 1
		return p.Comprehensive(own, delegated, reputation, computing)
	}
	require.Equal(t, []string{"splitting.case.seats", "splitting.case.weight"}, askSplit(t, noMinimum, 3*deposits.MinDepositUtop, 4))
}

// A new node starts at a third of the reputation. Would it start at full, a hundred epochs were enough to win by halves.
func TestNewNodesStartLow(t *testing.T) {
	play := func(rule comprehensive) []string {
		o := real()
		o.Rules.Comprehensive = rule
		return broken(ask(t, func(tell report) error { return o.newcomers(tell, deposits.SaturationUtop/2, 10_000) }))
	}
	require.Empty(t, play(stake.Params.Comprehensive))
	require.NotEmpty(t, play(func(p stake.Params, own, delegated, _, computing uint64) (uint64, error) {
		return p.Comprehensive(own, delegated, p.ReputationCeiling, computing)
	}))
}

// The bound is exact where draws are independent, and what halves win is never more: against the law of one rotating seat, for which it is proven, and of several.
func TestGainIsBounded(t *testing.T) {
	require.InDelta(t, 2, gain(2, 2, 1), 1e-12, "who surely sits has a seat for each part")
	require.InDelta(t, 4, gain(4, 1, 0.3), 1e-12, "beyond the cap every part counts as the whole")
	require.InDelta(t, 1, gain(8, 8, 0), 1e-12, "who hardly ever sits wins nothing")
	for _, c := range []struct{ stakes, others, parts, size, rotate int }{{1, 5, 2, 2, 1}, {1, 5, 2, 4, 1}, {1, 9, 4, 6, 1}, {2, 5, 3, 5, 1}, {1, 9, 2, 6, 6}, {1, 20, 2, 12, 2}, {3, 0, 2, 6, 3}, {1, 3, 8, 3, 3}} {
		weights := [classes]float64{float64(c.parts), 1, float64(c.parts)}
		m := mean(newRotation(counts{c.stakes, c.stakes * c.parts, c.others}, weights, c.size, c.rotate).steady())
		law, bound := m[1]/m[0], gain(float64(c.parts), float64(c.parts), m[0]/float64(c.stakes))
		require.LessOrEqual(t, law, bound+rounding, "%+v", c)
		require.Greater(t, law, 1.0, "%+v: parts do win", c)
	}
}
