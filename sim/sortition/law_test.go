package sortition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two draws from one of weight 3 and two of weight 1, by hand: 3/5 × 1 for the heavy one first, 2/5 × 3/4 for it second.
func TestLawOfDraws(t *testing.T) {
	law := draws(counts{1, 2}, [classes]float64{3, 1}, 2)
	require.Len(t, law, 2)
	for _, c := range law {
		want := map[counts]float64{{1, 1}: 0.9, {0, 2}: 0.1}[c.counts]
		require.InDelta(t, want, c.p, 1e-12, "%v", c.counts)
	}
}

// With one seat that rotates the steady state has a closed form: a committee stands in proportion to the product of its weights (docs/adr/010).
func TestSteadyStateOfOneSeat(t *testing.T) {
	l := newRotation(counts{5, 4, 3}, [classes]float64{1, 2, 3}, 6, 1)
	var all float64
	products := make([]float64, len(l.states))
	for i, s := range l.states {
		products[i] = 1
		for class, n := range s {
			// C(pool, n) sets, each with the product weight^n.
			for k := range n {
				products[i] *= float64(l.pool[class]-k) / float64(k+1) * l.weights[class]
			}
		}
		all += products[i]
	}
	for i, c := range l.steady() {
		require.InDelta(t, products[i]/all, c.p, 1e-9, "%v", c.counts)
	}
}

func TestLawsSumUp(t *testing.T) {
	l := newRotation(counts{20, 20, 20}, fairWeights, fairSize, 3)
	sits, stands := l.expected(fairStandbys)
	require.InDelta(t, fairSize, sits[0]+sits[1]+sits[2], 1e-9)
	require.InDelta(t, fairStandbys, stands[0]+stands[1]+stands[2], 1e-9)
	require.Less(t, sits[0], sits[1])
	require.Less(t, stands[1], stands[2])
}
