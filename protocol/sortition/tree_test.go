package sortition

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// line is the tree as anyone would write it first: the weights in a row.
type line []uint64

func (l line) total() (sum uint64) {
	for _, w := range l {
		sum += w
	}
	return sum
}

func (l line) find(point uint64) (int, bool) {
	for i, w := range l {
		if point < w {
			return i, true
		}
		point -= w
	}
	return 0, false
}

func drawWeights(t *rapid.T, label string) []uint64 {
	// Small ones with many zeros, and ones whose sum comes close to 2^64.
	return rapid.OneOf(
		rapid.SliceOfN(rapid.Uint64Range(0, 3), 0, 40),
		rapid.SliceOfN(rapid.Uint64Range(0, math.MaxUint64/40), 0, 40),
	).Draw(t, label)
}

func TestTreeIsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := line(drawWeights(t, "weights"))
		tree, err := NewTree(model)
		require.NoError(t, err)
		t.Repeat(map[string]func(*rapid.T){
			"find": func(t *rapid.T) {
				total := model.total()
				for _, point := range []uint64{rapid.Uint64().Draw(t, "point"), rapid.Uint64Range(0, total).Draw(t, "on the line"), total, total - 1} {
					wantItem, want := model.find(point)
					item, ok := tree.Find(point)
					require.Equal(t, want, ok)
					require.Equal(t, wantItem, item)
				}
			},
			"remove": func(t *rapid.T) {
				i := rapid.IntRange(-1, len(model)).Draw(t, "item")
				tree.Remove(i)
				if i >= 0 && i < len(model) {
					model[i] = 0
				}
			},
			"": func(t *rapid.T) { require.Equal(t, model.total(), tree.Total()) },
		})
	})
}

func TestDrawIsTheLinesDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := drawWeights(t, "weights")
		k := rapid.IntRange(0, 50).Draw(t, "k")
		seed := drawSeed(t)
		tree, err := NewTree(weights)
		require.NoError(t, err)
		got := tree.Draw(NewStream(seed), k)

		want, model, stream := []int{}, line(slices.Clone(weights)), NewStream(seed)
		for len(want) < k && model.total() > 0 {
			i, ok := model.find(stream.Below(model.total()))
			require.True(t, ok)
			want = append(want, i)
			model[i] = 0
		}
		require.Equal(t, want, got)
		positive := 0
		for _, w := range weights {
			if w > 0 {
				positive++
			}
		}
		require.Len(t, got, min(k, positive))
	})
}

func TestWeightsThatOverflow(t *testing.T) {
	for _, weights := range [][]uint64{
		{math.MaxUint64, 1},
		{1, math.MaxUint64},
		{1 << 63, 0, 0, 0, 1 << 63},
		slices.Repeat([]uint64{1 << 60}, 16),
	} {
		_, err := NewTree(weights)
		require.ErrorIs(t, err, ErrOverflow)
	}
	tree, err := NewTree([]uint64{0, math.MaxUint64, 0})
	require.NoError(t, err)
	require.Equal(t, []int{1}, tree.Draw(NewStream(Seed{}), 3))
	empty, err := NewTree(nil)
	require.NoError(t, err)
	require.Empty(t, empty.Draw(NewStream(Seed{}), 3))
}

// One draw picks each item in proportion to its weight: 20,000 seeds against weights 1 : 2 : 3 : 4.
func TestDrawFollowsWeights(t *testing.T) {
	const seeds = 20_000
	var counts [4]int
	for i := range seeds {
		tree, err := NewTree([]uint64{1, 2, 3, 4})
		require.NoError(t, err)
		counts[tree.Draw(NewStream(Seed{byte(i), byte(i >> 8)}), 1)[0]]++
	}
	for i, got := range counts {
		// Four standard deviations of a binomial are below 280.
		require.InDelta(t, seeds*(i+1)/10, got, 280)
	}
}
