package sortition

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func name(i int) string { return fmt.Sprintf("top1node%03d", i) }

// equal is n candidates with the same weight.
func equal(n int) []Candidate {
	c := make([]Candidate, n)
	for i := range c {
		c[i] = Candidate{Operator: name(i), Weight: 1000}
	}
	return c
}

func names(c []Candidate) []string {
	n := make([]string, len(c))
	for i := range c {
		n[i] = c[i].Operator
	}
	return n
}

func common(a, b []string) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

func run(t require.TestingT, e Election) Outcome {
	out, err := e.Run()
	require.NoError(t, err)
	return out
}

// Whatever went before: nobody twice, standbys beside members, bounds of the rotation, the size asked for whenever it can be had, the same outcome for any order of the input.
func TestElectionsHoldTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := make([]Candidate, rapid.IntRange(0, 60).Draw(t, "candidates"))
		for i := range pool {
			pool[i] = Candidate{Operator: name(i), Weight: rapid.Uint64Range(0, 1_000_000).Draw(t, "weight")}
		}
		// Names from 0 to 79: some that sit are no candidates any more.
		someNames := func(label string, most int) []string {
			return rapid.SliceOfNDistinct(rapid.Map(rapid.IntRange(0, 79), name), 0, most, rapid.ID).Draw(t, label)
		}
		e := Election{
			Committee:  Committee{Name: "top-shard-1", Size: rapid.IntRange(1, 40).Draw(t, "size"), Standbys: rapid.IntRange(0, 20).Draw(t, "standbys"), Sitting: someNames("sitting", 40)},
			Epoch:      rapid.Uint64().Draw(t, "epoch"),
			Seed:       drawSeed(t),
			Candidates: pool,
			Exclude:    someNames("exclude", 20),
		}
		eligible := []string{}
		for _, c := range pool {
			if c.Weight > 0 && !slices.Contains(e.Exclude, c.Operator) {
				eligible = append(eligible, c.Operator)
			}
		}
		sat, size := len(e.Committee.Sitting), e.Committee.Size
		out, err := e.Run()
		if len(eligible) < size && sat == 0 {
			require.ErrorIs(t, err, ErrTooFew)
			return
		}
		require.NoError(t, err)

		require.True(t, slices.IsSorted(out.Members))
		all := slices.Concat(out.Members, out.Standbys)
		require.Equal(t, len(all), len(slices.Compact(slices.Sorted(slices.Values(all)))), "a name twice")
		for _, m := range slices.Concat(out.Joined, out.Standbys) {
			require.Contains(t, eligible, m)
		}
		for _, m := range out.Members {
			require.True(t, slices.Contains(eligible, m) || slices.Contains(out.Held, m))
		}
		for _, h := range out.Held {
			require.NotContains(t, eligible, h)
			require.Contains(t, e.Committee.Sitting, h)
			require.Contains(t, out.Members, h)
		}
		require.Len(t, out.Joined, len(out.Members)-common(out.Members, e.Committee.Sitting))
		require.Len(t, out.Left, sat-common(out.Members, e.Committee.Sitting))
		free := 0
		for _, c := range eligible {
			if !slices.Contains(out.Members, c) {
				free++
			}
		}
		require.Len(t, out.Standbys, min(free, e.Committee.Standbys))

		switch {
		case out.Kept:
			require.Less(t, len(eligible), size)
			require.ElementsMatch(t, e.Committee.Sitting, out.Members)
		case sat == 0:
			require.Len(t, out.Members, size)
		default:
			limit := max(1, sat/6)
			require.LessOrEqual(t, len(out.Left), limit)
			require.LessOrEqual(t, len(out.Joined), limit)
			// As near to the size as the limit lets it come; a committee that is large enough never falls below its size.
			switch {
			case sat >= size:
				require.Len(t, out.Members, max(size, sat-limit))
			default:
				require.LessOrEqual(t, len(out.Members), size)
				require.GreaterOrEqual(t, len(out.Members), sat)
			}
			if len(out.Held) > 0 {
				require.Len(t, out.Left, limit, "somebody is held while there is room to leave")
			}
		}

		shuffled := e
		shuffled.Candidates = rapid.Permutation(pool).Draw(t, "candidates' order")
		shuffled.Committee.Sitting = rapid.Permutation(e.Committee.Sitting).Draw(t, "members' order")
		shuffled.Exclude = rapid.Permutation(e.Exclude).Draw(t, "exclusions' order")
		require.Equal(t, out, run(t, shuffled))
	})
}

func TestElectionsThatAreRefused(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*Election)
		err    error
	}{
		"no name":             {func(e *Election) { e.Committee.Name = "" }, ErrMalformed},
		"a long name":         {func(e *Election) { e.Committee.Name = strings.Repeat("x", MaxName+1) }, ErrMalformed},
		"no seats":            {func(e *Election) { e.Committee.Size = 0 }, ErrMalformed},
		"too many seats":      {func(e *Election) { e.Committee.Size = MaxSize + 1 }, ErrMalformed},
		"negative standbys":   {func(e *Election) { e.Committee.Standbys = -1 }, ErrMalformed},
		"a member twice":      {func(e *Election) { e.Committee.Sitting = []string{"a", "b", "a"} }, ErrDuplicate},
		"a candidate twice":   {func(e *Election) { e.Candidates[1].Operator = e.Candidates[0].Operator }, ErrDuplicate},
		"a nameless one":      {func(e *Election) { e.Candidates[1].Operator = "" }, ErrMalformed},
		"weights of 2^64":     {func(e *Election) { e.Candidates[0].Weight = math.MaxUint64 }, ErrOverflow},
		"too few for a first": {func(e *Election) { e.Committee.Size = 31 }, ErrTooFew},
		"too many candidates": {func(e *Election) { e.Candidates = make([]Candidate, MaxCandidates+1) }, ErrMalformed},
	} {
		t.Run(what, func(t *testing.T) {
			e := Election{Committee: Committee{Name: "top-shard-1", Size: 21, Standbys: 7}, Candidates: equal(30)}
			c.change(&e)
			_, err := e.Run()
			require.ErrorIs(t, err, c.err)
		})
	}
}

// Two committees of one epoch, and two epochs of one committee, are drawn independently: under one stream the same seed would fill both with the same nodes.
func TestCommitteesHaveStreamsOfTheirOwn(t *testing.T) {
	first := func(committee string, epoch uint64) []string {
		return run(t, Election{Committee: Committee{Name: committee, Size: 21}, Epoch: epoch, Seed: Seed{1}, Candidates: equal(200)}).Members
	}
	base := first("top-shard-1", 5)
	// On average 21 × 21 / 200 = 2.2 are in both; eight have a probability of about one in a thousand.
	require.LessOrEqual(t, common(base, first("top-shard-2", 5)), 8)
	require.LessOrEqual(t, common(base, first("top-shard-1", 6)), 8)
	require.NotEqual(t, drawStream(purposeJoin, "a", 1, Seed{}).Uint64(), drawStream(purposeLeave, "a", 1, Seed{}).Uint64())
}

// A committee that grows takes a sixth more each epoch and lets nobody go; one that shrinks lets a sixth go.
func TestGrowthAndShrinking(t *testing.T) {
	e := Election{Committee: Committee{Name: "top-main-1", Size: 100, Sitting: []string{name(0)}}, Seed: Seed{1}, Candidates: equal(100)}
	sizes := []int{}
	for len(e.Committee.Sitting) < 100 {
		out := run(t, e)
		require.Empty(t, out.Left)
		e.Committee.Sitting = out.Members
		sizes = append(sizes, len(out.Members))
		e.Epoch++
	}
	require.Equal(t, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 21, 24, 28, 32, 37, 43, 50, 58, 67, 78, 91, 100}, sizes)
	e.Committee.Size = 60
	for _, want := range []int{84, 70, 60} {
		e.Committee.Sitting = run(t, e).Members
		require.Len(t, e.Committee.Sitting, want)
	}
}

// Half of a committee retires in one epoch: a sixth leaves per epoch, the others are held until their turn.
func TestMassRetirement(t *testing.T) {
	e := Election{Committee: Committee{Name: "top-shard-1", Size: 24, Sitting: names(equal(24))}, Seed: Seed{1}, Candidates: equal(60)[12:]}
	for _, held := range []int{8, 4, 0} {
		out := run(t, e)
		require.Len(t, out.Members, 24)
		require.Len(t, out.Left, 4)
		require.Len(t, out.Held, held)
		e.Committee.Sitting = out.Members
		e.Epoch++
	}
}

// The main chain seats everyone up to its size: the rotation's lot then changes nothing, for who leaves is drawn again.
func TestEveryoneSits(t *testing.T) {
	e := Election{Committee: Committee{Name: "top-main-1", Size: 40, Sitting: names(equal(40))}, Seed: Seed{1}, Candidates: equal(40)}
	out := run(t, e)
	require.Equal(t, names(equal(40)), out.Members)
	require.Empty(t, out.Left)
	require.Empty(t, out.Standbys)
}

// Rotation by lot and refilling by weight has a known equilibrium: a committee stands in proportion to the product of its members' weights (conditional Poisson sampling;
// docs/adr/010 has the proof). After thousands of epochs the shares of seats are those of that law, calculated here without any election.
func TestRotationKeepsSeatsByWeight(t *testing.T) {
	pool := equal(60)
	for i := range pool {
		pool[i].Weight = uint64(1 + i%3)
	}
	// products(without)[k] is the sum of the products of all sets of k weights: of all 60 candidates, or of all but one of a given weight.
	products := func(without uint64) []float64 {
		e := make([]float64, 13)
		e[0] = 1
		for _, c := range pool {
			if c.Weight == without {
				without = 0
				continue
			}
			for k := 12; k > 0; k-- {
				e[k] += e[k-1] * float64(c.Weight)
			}
		}
		return e
	}
	e := Election{Committee: Committee{Name: "top-shard-1", Size: 12}, Seed: Seed{8}, Candidates: pool}
	const epochs = 12_000
	var got, want [3]float64
	for e.Epoch = range uint64(epochs) {
		out := run(t, e)
		for _, m := range out.Members {
			got[slices.IndexFunc(pool, func(c Candidate) bool { return c.Operator == m })%3] += 1.0 / (12 * epochs)
		}
		e.Committee.Sitting = out.Members
	}
	for i := range want {
		w := uint64(i + 1)
		want[i] = 20.0 / 12 * float64(w) * products(w)[11] / products(0)[12]
		require.InDelta(t, want[i], got[i], 0.006)
	}
	t.Logf("shares of seats of weights 1, 2, 3: %.4f, by the law %.4f", got, want)
}

func TestTop(t *testing.T) {
	c := []Candidate{{"d", 5}, {"a", 5}, {"b", 9}, {"c", 1}}
	require.Equal(t, []Candidate{{"b", 9}, {"a", 5}, {"d", 5}}, Top(c, 3))
	require.Len(t, Top(c, 9), 4)
	require.Empty(t, Top(c, 0))
	require.Empty(t, Top(c, -1))
	require.Equal(t, "d", c[0].Operator, "the argument was changed")
}

func BenchmarkElection(b *testing.B) {
	pool := equal(10)
	for i := range 10_000 {
		pool = append(pool, Candidate{Operator: fmt.Sprintf("top1node%06d", i), Weight: uint64(i) * 1e9})
	}
	e := Election{Committee: Committee{Name: "top-shard-1", Size: 100, Standbys: 50}, Candidates: pool}
	for b.Loop() {
		e.Epoch++
		if _, err := e.Run(); err != nil {
			b.Fatal(err)
		}
	}
}
