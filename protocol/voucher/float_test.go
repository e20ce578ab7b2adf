package voucher_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
)

func TestFloat(t *testing.T) {
	const most = 1<<64 - 1
	for _, test := range []struct{ tick, limit, rounds, want uint64 }{
		{10, 2000, 0, 10},
		{10, 2000, 1, 14},
		{10, 2000, 2, 19},
		{90, 2000, 1, 120},
		{90, 2000, 2, 160},
		{10, 2000, 1000, 2000},
		{1, 4, 1, 2},
		{1, 4, 2, 3},
		{1, 4, 3, 4},
		{10, 5, 7, 5},
		{0, 2000, most, 0},
		{1, most, most, most},
		{most, most, most, most},
		{most - 1, most, 1, most},
	} {
		require.Equal(t, test.want, voucher.Float(test.tick, test.limit, test.rounds), "%+v", test)
	}
}

func TestFloatGrowsToItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tick := rapid.Uint64Min(1).Draw(t, "tick")
		limit := rapid.Uint64Min(tick).Draw(t, "limit")
		rounds := rapid.Uint64Range(0, 200).Draw(t, "rounds")
		now, next := voucher.Float(tick, limit, rounds), voucher.Float(tick, limit, rounds+1)
		require.GreaterOrEqual(t, now, tick)
		require.LessOrEqual(t, next, limit)
		if now < limit {
			require.Greater(t, next, now)
			// At most × 4/3, rounded up.
			require.LessOrEqual(t, next-now, (now-1)/3+1)
		}
		require.Equal(t, limit, voucher.Float(tick, limit, 155))
	})
}
