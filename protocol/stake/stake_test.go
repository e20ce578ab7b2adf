package stake

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/sortition"
)

var params = Params{SaturationUtop: 25_000_000_000_000, MinDepositUtop: 500_000_000_000, Factors: factors}

// Vectors for other implementations: deposits in utop, factors in millionths.
func TestVectors(t *testing.T) {
	for _, v := range []struct{ own, delegated, reputation, computing, want uint64 }{
		{499_999_999_999, 0, Unit, Unit, 0},
		{499_999_999_999, math.MaxUint64, Unit, Unit, 0},
		{500_000_000_000, 0, factors.ReputationInitial, Unit, 165_000_000_000},
		{500_000_000_000, 1, Unit, Unit, 500_000_000_000},
		{500_000_000_000, 3, Unit, Unit, 500_000_000_001},
		{1_000_000_000_000, 4_000_000_000_000, Unit, Unit, 3_000_000_000_000},
		{1_000_000_000_000, 4_000_000_000_000, factors.ReputationFloor, factors.ComputingFloor, 150_000_000_000},
		{500_000_000_001, 0, 333_333, 999_999, 166_666_333_333},
		{25_000_000_000_000, 0, Unit, factors.ComputingCeiling, 37_500_000_000_000},
		{25_000_000_000_001, 0, Unit, Unit, 25_000_000_000_000},
		{24_999_999_999_999, 2, Unit, Unit, 25_000_000_000_000},
		{math.MaxUint64, math.MaxUint64, Unit, factors.ComputingCeiling, 37_500_000_000_000},
		// The sum wraps to 1 utop in 64 bits.
		{math.MaxUint64, 4, Unit, Unit, 25_000_000_000_000},
	} {
		got, err := params.Comprehensive(v.own, v.delegated, v.reputation, v.computing)
		require.NoError(t, err)
		require.Equal(t, v.want, got, "%+v", v)
	}
}

// The formula once more, in exact rational arithmetic.
func TestComprehensiveIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Params{SaturationUtop: rapid.Uint64Range(1, MaxSaturationUtop).Draw(t, "saturation"), Factors: factors}
		p.MinDepositUtop = rapid.Uint64Range(1, p.SaturationUtop).Draw(t, "minimum")
		own := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(p.MinDepositUtop, p.SaturationUtop)).Draw(t, "own")
		delegated := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, p.SaturationUtop)).Draw(t, "delegated")
		reputation := rapid.Uint64Range(factors.ReputationFloor, factors.ReputationCeiling).Draw(t, "reputation")
		computing := rapid.Uint64Range(factors.ComputingFloor, factors.ComputingCeiling).Draw(t, "computing")
		got, err := p.Comprehensive(own, delegated, reputation, computing)
		require.NoError(t, err)

		want := new(big.Int)
		if own >= p.MinDepositUtop {
			u := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
			want.Add(u(own), new(big.Int).Rsh(u(delegated), 1))
			if want.Cmp(u(p.SaturationUtop)) > 0 {
				want = u(p.SaturationUtop)
			}
			want.Mul(want, u(reputation)).Mul(want, u(computing)).Quo(want, u(1_000_000_000_000))
		}
		require.Equal(t, want.String(), new(big.Int).SetUint64(got).String())
	})
}

func TestParamsThatAreRefused(t *testing.T) {
	for _, p := range []Params{{}, {SaturationUtop: 5, Factors: factors}, {SaturationUtop: 5, MinDepositUtop: 6, Factors: factors}, {SaturationUtop: 5, MinDepositUtop: 5},
		{SaturationUtop: MaxSaturationUtop + 1, MinDepositUtop: 1, Factors: factors}} {
		require.ErrorIs(t, p.Check(), ErrParams)
		_, err := p.Comprehensive(1, 0, Unit, Unit)
		require.ErrorIs(t, err, ErrParams)
	}
}

// Below the saturation, one stake over several nodes of the same factors is never more than over one; rounding and the minimum deposit only take away.
func TestSplitStakeIsNeverMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Uint64Range(params.MinDepositUtop, params.SaturationUtop).Draw(t, "whole")
		part := rapid.Uint64Range(0, whole).Draw(t, "part")
		reputation := rapid.Uint64Range(factors.ReputationFloor, factors.ReputationCeiling).Draw(t, "reputation")
		computing := rapid.Uint64Range(factors.ComputingFloor, factors.ComputingCeiling).Draw(t, "computing")
		of := func(own uint64) uint64 {
			c, err := params.Comprehensive(own, 0, reputation, computing)
			require.NoError(t, err)
			return c
		}
		require.LessOrEqual(t, of(part)+of(whole-part), of(whole))
	})
}

// Seats cannot be held twice, so halves sit a little more often than a whole: here, with a seventh of all candidates seated, by about 5 %. sim/sortition has the bound.
func TestSplittingBringsHardlyMoreSeats(t *testing.T) {
	candidates := []sortition.Candidate{}
	add := func(kind string, i int, weight uint64) {
		candidates = append(candidates, sortition.Candidate{Operator: kind + string(rune('A'+i)), Weight: weight})
	}
	for i := range 50 {
		add("whole", i, 2)
		add("half1", i, 1)
		add("half2", i, 1)
	}
	e := sortition.Election{Committee: sortition.Committee{Name: "top-shard-1", Size: 21}, Candidates: candidates}
	var whole, halves float64
	for e.Epoch = range uint64(4000) {
		out, err := e.Run()
		require.NoError(t, err)
		for _, m := range out.Members {
			if m[:5] == "whole" {
				whole++
			} else {
				halves++
			}
		}
	}
	t.Logf("halves sit %.3f times as often as wholes of the same stake", halves/whole)
	require.Greater(t, halves, whole)
	// The deviation of this measurement is about 0.7 %.
	require.InDelta(t, 1.05, halves/whole, 0.025)
}
