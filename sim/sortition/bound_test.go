package sortition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Without a choice the share of seats is that of stake, and tails are as chance has them.
func TestNoChoiceIsNoBias(t *testing.T) {
	c := coalition{candidates: 200, bad: 60, size: 21, sealers: biasSealers}
	b := c.anyStrategy(one)
	require.InDelta(t, 0.3, b.Seats, 1e-9)
	var bits, all float64
	for i, p := range c.tails() {
		bits, all = bits+float64(i)*p, all+p
	}
	require.InDelta(t, 1, all, 1e-12)
	require.InDelta(t, bits, b.Bits, 1e-9)
	// Almost f / (1 − f), since nobody seals twice.
	require.InDelta(t, 0.3/0.7, bits, 0.01)
	require.InDelta(t, c.tails()[biasSealers], b.Owned, 1e-9)
	c.sealers = 8
	require.InEpsilon(t, 21_535, c.untilOwned(one), 1e-3)
}

// With the sealers of a public network a third of the stake owns them all after tens of millions of epochs at the least; with half as many it would after some thousand.
func TestNobodyOwnsTheSeed(t *testing.T) {
	c := coalition{candidates: 200, bad: 67, size: 21, sealers: biasSealers}
	require.Greater(t, c.untilOwned(perTail), 4e7)
	c.sealers /= 2
	require.InEpsilon(t, 2_900, c.untilOwned(perTail), 0.01)
}

// One sealer of two candidates, one of them bad: half of the epochs are theirs by chance, and of two seeds one or the other is theirs in three of four cases. With x the
// share of owned epochs, x = x × 3/4 + (1 − x) × 1/2, so 2/3; from an epoch that is not theirs it takes two to become so.
func TestBoundOfOneSealer(t *testing.T) {
	c := coalition{candidates: 2, bad: 1, size: 1, sealers: 1}
	require.InDelta(t, 2.0/3, c.anyStrategy(perTail).Owned, 1e-9)
	require.InDelta(t, 2, c.untilOwned(perTail), 1e-9)
	// The one seat falls vacant in every epoch: with two seeds, 3/4; with one, 1/2.
	require.InDelta(t, 0.5*0.75+0.5*0.5, c.seatsFirst(perTail).Seats, 1e-9)
	require.InDelta(t, 2.0/3*0.75+1.0/3*0.5, c.anyStrategy(perTail).Seats, 1e-9)
}

// The bound takes the most seats in every epoch for the worst that can be. That needs more seats now to mean no fewer next time, for each number of seeds.
func TestMoreSeatsNeverHurt(t *testing.T) {
	for _, c := range []coalition{{200, 60, 21, biasSealers}, {200, 80, 21, biasSealers}, {60, 20, 7, 4}, {40, 20, 24, 4}} {
		kernel := newRotation(counts{c.candidates - c.bad, c.bad}, [classes]float64{1, 1, 1}, c.size, max(1, c.size/6)).kernel()
		// Rows run from no honest member up, so from many colluders to few; more honest now must be more honest next.
		for i := 1; i < len(kernel); i++ {
			var above, below float64
			for j := range kernel[i] {
				above, below = above+kernel[i-1][j], below+kernel[i][j]
				require.GreaterOrEqual(t, above, below-1e-12, "%+v: %d honest members, then at most %d", c, i, j)
			}
		}
	}
}

func TestBestOfSeveral(t *testing.T) {
	require.InDeltaSlice(t, []float64{0.25, 0.75}, best([]float64{0.5, 0.5}, 2), 1e-12)
	require.InDeltaSlice(t, []float64{0.2, 0.3, 0.5}, best([]float64{0.2, 0.3, 0.5}, 1), 1e-12)
}
