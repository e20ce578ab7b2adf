package stake

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var factors = DefaultFactors()

// ten nodes of an epoch with 100 due: the worst tenth is the first, the best four fifths begin with the third.
func ten(done ...uint64) []Work {
	works := make([]Work, 10)
	for i := range works {
		works[i] = Work{Reputation: 500_000, Due: 100, Done: 100}
		if i < len(done) {
			works[i].Done = done[i]
		}
	}
	return works
}

func TestRate(t *testing.T) {
	first := func(change func(*Work)) []Work {
		w := ten()
		change(&w[0])
		return w
	}
	for name, c := range map[string]struct {
		works []Work
		want  []uint64 // of the first nodes
	}{
		"all did everything":               {ten(), []uint64{510_000, 510_000}},
		"one did nothing":                  {ten(0), []uint64{400_000, 510_000}},
		"one did less than half":           {ten(49), []uint64{400_000, 510_000}},
		"one did half":                     {ten(50), []uint64{500_000, 510_000}},
		"two did less than half":           {ten(40, 41), []uint64{400_000, 500_000, 510_000}},
		"two are the worst alike":          {ten(40, 40), []uint64{400_000, 400_000, 510_000}},
		"three did nothing":                {ten(0, 0, 0), []uint64{400_000, 400_000, 400_000, 510_000}},
		"nobody did anything":              {ten(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), []uint64{400_000, 400_000}},
		"the second fifth is left":         {ten(98, 99), []uint64{500_000, 500_000, 510_000}},
		"one wrong audit":                  {first(func(w *Work) { w.WrongAudits = 1 }), []uint64{400_000, 510_000}},
		"a wrong audit and absent":         {first(func(w *Work) { w.WrongAudits, w.Done = 1, 0 }), []uint64{300_000, 510_000}},
		"a wrong audit and nothing due":    {first(func(w *Work) { w.WrongAudits, w.Due, w.Done = 1, 0, 0 }), []uint64{400_000, 510_000}},
		"wrong audits beyond all counting": {first(func(w *Work) { w.WrongAudits, w.Done = math.MaxUint64, 0 }), []uint64{factors.ReputationFloor, 510_000}},
		"equivocation":                     {first(func(w *Work) { w.Equivocated = true }), []uint64{factors.ReputationFloor, 510_000}},
		"nothing was due":                  {first(func(w *Work) { w.Due, w.Done = 0, 0 }), []uint64{500_000, 510_000}},
		"never above 1":                    {first(func(w *Work) { w.Reputation = 995_000 }), []uint64{factors.ReputationCeiling, 510_000}},
		"never below the floor":            {first(func(w *Work) { w.Reputation, w.Done = 150_000, 0 }), []uint64{factors.ReputationFloor, 510_000}},
		"large counts":                     {first(func(w *Work) { w.Due, w.Done = math.MaxUint64, math.MaxUint64 }), []uint64{510_000, 510_000}},
		"alone and good":                   {[]Work{{Reputation: 500_000, Due: 1, Done: 1}}, []uint64{510_000}},
		"alone and absent":                 {[]Work{{Reputation: 500_000, Due: 1}}, []uint64{400_000}},
		"nobody":                           {nil, []uint64{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := factors.Rate(c.works)
			require.NoError(t, err)
			require.Equal(t, c.want, got[:len(c.want)])
			require.Len(t, got, len(c.works))
		})
	}
	_, err := factors.Rate([]Work{{Reputation: 500_000, Due: 1, Done: 2}})
	require.ErrorIs(t, err, ErrMalformed)
	_, err = Factors{}.Rate(ten())
	require.ErrorIs(t, err, ErrParams)
}

// From the initial value to 1 takes 67 good epochs.
func TestReputationIsEarnedSlowly(t *testing.T) {
	w := Work{Reputation: factors.ReputationInitial, Due: 10, Done: 10}
	for epochs := 1; ; epochs++ {
		next, err := factors.Rate([]Work{w})
		require.NoError(t, err)
		if w.Reputation = next[0]; w.Reputation == factors.ReputationCeiling {
			require.Equal(t, 67, epochs)
			return
		}
	}
}

// Bounds hold, and the order in which nodes are listed does not matter.
func TestRateIsFairAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		works := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Work {
			due := rapid.OneOf(rapid.Uint64Range(0, 5), rapid.Uint64()).Draw(t, "due")
			return Work{
				Reputation: rapid.Uint64Range(factors.ReputationFloor, factors.ReputationCeiling).Draw(t, "reputation"), Due: due, Done: rapid.Uint64Range(0, due).Draw(t, "done"),
				WrongAudits: rapid.Uint64Range(0, 3).Draw(t, "wrong"), Equivocated: rapid.Bool().Draw(t, "equivocated"),
			}
		}), 0, 30).Draw(t, "works")
		got, err := factors.Rate(works)
		require.NoError(t, err)
		for i, r := range got {
			require.GreaterOrEqual(t, r, factors.ReputationFloor)
			require.LessOrEqual(t, r, min(works[i].Reputation+factors.Rise, factors.ReputationCeiling))
		}
		order := rapid.Permutation(seq(len(works))).Draw(t, "order")
		moved := make([]Work, len(works))
		for to, from := range order {
			moved[to] = works[from]
		}
		again, err := factors.Rate(moved)
		require.NoError(t, err)
		for to, from := range order {
			require.Equal(t, got[from], again[to])
		}
	})
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		by   []Timely
		want uint64
		ok   bool
	}{
		{nil, 0, false},
		{[]Timely{{0, 0}}, 0, false},
		{[]Timely{{1, 3}}, 333_333, true},
		{[]Timely{{9, 10}, {8, 10}, {0, 10}}, 800_000, true},
		{[]Timely{{9, 10}, {8, 10}}, 800_000, true},
		// A proposer that leaves a node out, and one that favours it, change nothing while they are a minority.
		{[]Timely{{9, 10}, {9, 10}, {9, 10}, {0, 1000}, {1000, 1000}}, 900_000, true},
		{[]Timely{{math.MaxUint64, math.MaxUint64}}, Unit, true},
	} {
		got, ok, err := Share(c.by)
		require.NoError(t, err)
		require.Equal(t, c.ok, ok)
		require.Equal(t, c.want, got, "%v", c.by)
	}
	_, _, err := Share([]Timely{{2, 1}})
	require.ErrorIs(t, err, ErrMalformed)
}

func TestComputing(t *testing.T) {
	for _, c := range []struct{ share, median, want uint64 }{
		{0, 0, Unit},
		{Unit, 0, Unit},
		{800_000, 800_000, Unit},
		{0, 800_000, factors.ComputingFloor},
		{399_999, 800_000, factors.ComputingFloor},
		{600_000, 800_000, 750_000},
		{Unit, 900_000, 1_111_111},
		{Unit, 600_000, factors.ComputingCeiling},
		{Unit, 1, factors.ComputingCeiling},
		{math.MaxUint64, 1, factors.ComputingCeiling},
		{1, math.MaxUint64, factors.ComputingFloor},
	} {
		require.Equal(t, c.want, factors.Computing(c.share, c.median), "%+v", c)
	}
	require.Equal(t, uint64(0), Median(nil))
	require.Equal(t, uint64(2), Median([]uint64{3, 1, 2}))
	require.Equal(t, uint64(2), Median([]uint64{4, 3, 1, 2}))
}
