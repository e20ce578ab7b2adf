package stake

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/sortition"
)

func TestFactorsThatAreRefused(t *testing.T) {
	require.NoError(t, DefaultFactors().Check())
	for says, change := range map[string]func(*Factors){
		"reputation ceiling of 0 millionths, want 1 to 1000000":             func(f *Factors) { f.ReputationCeiling = 0 },
		"reputation ceiling of 1000001 millionths, want 1 to 1000000":       func(f *Factors) { f.ReputationCeiling = Unit + 1 },
		"reputation floor of 0 millionths, want 1 to 1000000":               func(f *Factors) { f.ReputationFloor = 0 },
		"reputation floor of 600000 millionths, want 1 to 500000":           func(f *Factors) { f.ReputationFloor, f.ReputationCeiling = 600_000, 500_000 },
		"initial reputation of 99999 millionths, want 100000 to 1000000":    func(f *Factors) { f.ReputationInitial = 99_999 },
		"initial reputation of 330000 millionths, want 100000 to 300000":    func(f *Factors) { f.ReputationCeiling = 300_000 },
		"computing floor of 0 millionths, want 1 to 1000000":                func(f *Factors) { f.ComputingFloor = 0 },
		"computing floor of 1000001 millionths, want 1 to 1000000":          func(f *Factors) { f.ComputingFloor = Unit + 1 },
		"computing ceiling of 999999 millionths, want 1000000 to 10000000":  func(f *Factors) { f.ComputingCeiling = Unit - 1 },
		"computing ceiling of 10000001 millionths":                          func(f *Factors) { f.ComputingCeiling = MaxComputing + 1 },
		"rise of 0 millionths, want 1":                                      func(f *Factors) { f.Rise = 0 },
		"fall of 0 millionths, want 1":                                      func(f *Factors) { f.Fall = 0 },
		"fall for a fault of 18446744073709551615 millionths, want 1":       func(f *Factors) { f.FaultFall = math.MaxUint64 },
		"best share of 0 millionths, want 1":                                func(f *Factors) { f.BestShare = 0 },
		"worst share of 0 millionths, want 1":                               func(f *Factors) { f.WorstShare = 0 },
		"share of work below which the worst fall of 1000001 millionths":    func(f *Factors) { f.FallBelow = Unit + 1 },
		"best 900001 and the worst 100000 millionths of all nodes overlap:": func(f *Factors) { f.BestShare = 900_001 },
	} {
		f := DefaultFactors()
		change(&f)
		err := f.Check()
		require.ErrorIs(t, err, ErrParams)
		require.ErrorContains(t, err, says)
		_, err = f.Rate(ten())
		require.ErrorIs(t, err, ErrParams)
	}
	// Each by itself is legal; together they weigh too much.
	p := Params{SaturationUtop: MaxSaturationUtop, MinDepositUtop: 1, Factors: factors}
	require.NoError(t, p.Check())
	p.ComputingCeiling = 1_900_000
	require.ErrorContains(t, p.Check(), "lower one of the three")
	p.ReputationCeiling = 900_000
	require.NoError(t, p.Check())
}

// Each factor of the table of Rate moves what its name says.
func TestRatesAreTheFactors(t *testing.T) {
	w := ten(0, 40, 97, 98)
	w[8].Absences, w[9].WrongAudits = 1, 2
	for name, c := range map[string]struct {
		change func(*Factors)
		want   []uint64
	}{
		"default":             {func(*Factors) {}, []uint64{400_000, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"rise":                {func(f *Factors) { f.Rise = 7 }, []uint64{400_000, 500_000, 500_007, 500_007, 500_007, 500_007, 500_007, 500_007, 400_000, 300_000}},
		"fall":                {func(f *Factors) { f.Fall = 7 }, []uint64{499_993, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"fall for a fault":    {func(f *Factors) { f.FaultFall = 7 }, []uint64{400_000, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 499_993, 499_986}},
		"worst share":         {func(f *Factors) { f.WorstShare = 100_001 }, []uint64{400_000, 400_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"fall below":          {func(f *Factors) { f.WorstShare, f.FallBelow = 200_000, 400_000 }, []uint64{400_000, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"fall below, by one":  {func(f *Factors) { f.WorstShare, f.FallBelow = 200_000, 400_001 }, []uint64{400_000, 400_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"best share":          {func(f *Factors) { f.BestShare = 700_000 }, []uint64{400_000, 500_000, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
		"ceiling":             {func(f *Factors) { f.ReputationCeiling = 505_000 }, []uint64{400_000, 500_000, 505_000, 505_000, 505_000, 505_000, 505_000, 505_000, 400_000, 300_000}},
		"floor above all":     {func(f *Factors) { f.ReputationFloor, f.ReputationInitial = 600_000, 600_000 }, []uint64{600_000, 600_000, 610_000, 610_000, 610_000, 610_000, 610_000, 610_000, 600_000, 600_000}},
		"the original's rule": {func(f *Factors) { f.FallBelow = 0 }, []uint64{400_000, 500_000, 510_000, 510_000, 510_000, 510_000, 510_000, 510_000, 400_000, 300_000}},
	} {
		t.Run(name, func(t *testing.T) {
			f := DefaultFactors()
			c.change(&f)
			got, err := f.Rate(w)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// anyParams that the rules allow.
func anyParams(t *rapid.T) Params {
	between := func(name string, low, high uint64) uint64 {
		return rapid.OneOf(rapid.Uint64Range(low, high), rapid.SampledFrom([]uint64{low, high})).Draw(t, name)
	}
	var p Params
	p.ReputationCeiling = between("reputation ceiling", 1, Unit)
	p.ReputationFloor = between("reputation floor", 1, p.ReputationCeiling)
	p.ReputationInitial = between("initial", p.ReputationFloor, p.ReputationCeiling)
	p.ComputingFloor, p.ComputingCeiling = between("computing floor", 1, Unit), between("computing ceiling", Unit, MaxComputing)
	p.Rise, p.Fall, p.FaultFall = between("rise", 1, Unit), between("fall", 1, Unit), between("fault fall", 1, Unit)
	p.BestShare = between("best", 1, Unit-1)
	p.WorstShare, p.FallBelow = between("worst", 1, Unit-p.BestShare), between("fall below", 0, Unit)
	p.SaturationUtop = between("saturation", 1, MaxSaturationUtop)
	p.MinDepositUtop = between("minimum", 1, p.SaturationUtop)
	if product(p.SaturationUtop, p.ReputationCeiling, p.ComputingCeiling) > MaxStakeUtop {
		require.ErrorContains(t, p.Check(), "lower one of the three")
		p.SaturationUtop /= 10
		p.MinDepositUtop = min(p.MinDepositUtop, p.SaturationUtop)
	}
	require.NoError(t, p.Check())
	return p
}

// Whatever is legal, the largest stakes of 10,000 candidates sum up to less than 2^64, and whatever is stored, nothing overflows.
func TestStakesSumUpUnderAnyParams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams(t)
		most, err := p.Comprehensive(math.MaxUint64, 0, math.MaxUint64, math.MaxUint64)
		require.NoError(t, err)
		require.LessOrEqual(t, most, uint64(MaxStakeUtop))
		got, err := p.Comprehensive(rapid.Uint64().Draw(t, "own"), rapid.Uint64().Draw(t, "delegated"), rapid.Uint64().Draw(t, "reputation"), rapid.Uint64().Draw(t, "computing"))
		require.NoError(t, err)
		require.LessOrEqual(t, got, most)
		c := p.Computing(rapid.Uint64().Draw(t, "share"), rapid.Uint64().Draw(t, "median"))
		require.Equal(t, p.BoundComputing(c), c)
	})
}

// The largest stakes that there may be fit into the tree by which candidates are drawn.
func TestStakesFitIntoATree(t *testing.T) {
	weights := make([]uint64, 10_000)
	for i := range weights {
		weights[i] = MaxStakeUtop
	}
	_, err := sortition.NewTree(weights)
	require.NoError(t, err)
	for i := range weights {
		weights[i]++
	}
	_, err = sortition.NewTree(weights)
	require.Error(t, err)
}

// Whatever is legal and whatever is stored, a rating is within the bounds, rises by no more than the rise and brings two votes to the floor.
func TestRatingIsBoundedUnderAnyParams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyParams(t).Factors
		works := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Work {
			due := rapid.OneOf(rapid.Uint64Range(0, 5), rapid.Uint64()).Draw(t, "due")
			return Work{
				Reputation: rapid.Uint64().Draw(t, "reputation"), Due: due, Done: rapid.Uint64Range(0, due).Draw(t, "done"),
				WrongAudits: rapid.Uint64().Draw(t, "wrong"), Absences: rapid.Uint64().Draw(t, "absences"), Equivocated: rapid.Bool().Draw(t, "equivocated"),
			}
		}), 0, 30).Draw(t, "works")
		got, err := f.Rate(works)
		require.NoError(t, err)
		for i, w := range works {
			require.Equal(t, f.BoundReputation(got[i]), got[i])
			require.LessOrEqual(t, got[i], f.BoundReputation(w.Reputation)+f.Rise)
			if w.Equivocated {
				require.Equal(t, f.ReputationFloor, got[i])
			}
		}
	})
}
