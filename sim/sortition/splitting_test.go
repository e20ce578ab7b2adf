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
	return broken(ask(t, func(tell report) error { return o.split(tell, "case", utop, parts, 3_000) }))
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
