package epoch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/epoch"
)

func TestAt(t *testing.T) {
	for _, test := range []struct {
		height int64
		blocks uint64
		want   uint64
	}{
		{math.MinInt64, 20, 0},
		{-1, 20, 0},
		{0, 20, 0},
		{1, 20, 0},
		{20, 20, 0},
		{21, 20, 1},
		{40, 20, 1},
		{41, 20, 2},
		{1, 1, 0},
		{2, 1, 1},
		{math.MaxInt64, 1, math.MaxInt64 - 1},
		{math.MaxInt64, math.MaxUint64, 0},
		{7, 0, 0},
	} {
		require.Equal(t, test.want, epoch.At(test.height, test.blocks), "%+v", test)
	}
}

func TestFirst(t *testing.T) {
	for _, test := range []struct {
		epoch, blocks uint64
		want          int64
	}{
		{0, 20, 1},
		{1, 20, 21},
		{math.MaxInt64 - 1, 1, math.MaxInt64},
		{math.MaxUint64, 1, math.MaxInt64},
		{math.MaxUint64, math.MaxUint64, math.MaxInt64},
		{1, math.MaxUint64, math.MaxInt64},
		{0, math.MaxUint64, 1},
		{5, 0, 1},
	} {
		require.Equal(t, test.want, epoch.First(test.epoch, test.blocks), "%+v", test)
	}
}

// Epochs have no gaps and no overlaps: each begins where First says.
func TestEpochsAreContiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.OneOf(rapid.Uint64Range(1, 100), rapid.Uint64Min(1)).Draw(t, "blocks")
		height := rapid.Int64Min(1).Draw(t, "height")
		e := epoch.At(height, blocks)
		require.LessOrEqual(t, epoch.First(e, blocks), height)
		if next := epoch.First(e+1, blocks); next < math.MaxInt64 {
			require.Less(t, height, next)
			require.Equal(t, e+1, epoch.At(next, blocks))
			require.Equal(t, e, epoch.At(next-1, blocks))
		}
	})
}
