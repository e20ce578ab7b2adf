package claim

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPointsAreInRangeAndRepeatable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))
		sum := rapid.OneOf(rapid.Uint64Range(1, 10), rapid.Uint64Min(1)).Draw(t, "sum")
		k := rapid.Uint32Range(0, 20).Draw(t, "k")
		points := Points(seed, sum, k)
		require.Len(t, points, int(k))
		for _, p := range points {
			require.Less(t, p, sum)
		}
		require.Equal(t, points, Points(seed, sum, k))
		// Asking for more keeps the first ones.
		require.Equal(t, points, Points(seed, sum, k+3)[:k])
	})
}

func TestPointsAtTheEdges(t *testing.T) {
	require.Empty(t, Points([32]byte{}, 0, 4))
	require.Empty(t, Points([32]byte{}, 10, 0))
	require.Equal(t, []uint64{0, 0, 0, 0}, Points([32]byte{}, 1, 4))
	require.Len(t, Points([32]byte{}, 1<<64-1, 4), 4)
	// Just above 2^63 almost every second draw is rejected.
	require.Len(t, Points([32]byte{}, 1<<63+1, 1000), 1000)
}

// χ² with 15 degrees of freedom exceeds 37.7 once in a thousand; the seeds are fixed. Sums above 2^63 are where a missing rejection would show.
func TestPointsAreUniform(t *testing.T) {
	const bins, draws = 16, 20_000
	for _, sum := range []uint64{16, 48, 1_000_000, 1 << 40, 3 << 62, 1<<63 + 1, 1<<64 - 1} {
		var counts [bins]float64
		for i := range uint64(draws / 10) {
			var seed [32]byte
			binary.BigEndian.PutUint64(seed[:], i)
			for _, p := range Points(seed, sum, 10) {
				// The bin without overflow: sums of at least 16 are nearly divided by 16.
				counts[min(p/(sum/bins), bins-1)]++
			}
		}
		chi := 0.0
		for _, c := range counts {
			chi += (c - draws/bins) * (c - draws/bins) / (draws / bins)
		}
		require.Less(t, chi, 37.7, "sum %d: %v", sum, counts)
	}
}
