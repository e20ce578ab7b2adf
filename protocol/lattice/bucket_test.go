package lattice

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A bucket of any size is the tree of its slots, kept up one by one; what leaves it leaves nothing behind.
func TestBucketIsTheTreeOfItsSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewAccounts(Prefix{})
		require.NoError(t, err)
		s.wideAt = rapid.SampledFrom([]int{1, 4, wideAt}).Draw(t, "wide")
		here := map[Address]Record{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			a := address(rapid.IntRange(0, 20).Draw(t, "account"))
			if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				_, was := here[a]
				require.Equal(t, was, s.remove(7, a))
				delete(here, a)
			} else {
				r := anyRecord(t, a)
				require.NoError(t, s.put(7, &r))
				here[a] = r
			}
			b := s.bucket(7)
			coins := 0
			for _, r := range here {
				require.Equal(t, r, s.record(&b[s.find(7, b, r.Address)]))
				coins += min(1, len(r.Coins))
			}
			require.Len(t, s.coins, coins)
			if len(here) == 0 {
				require.Nil(t, b)
				continue
			}
			want := newTree(bits.TrailingZeros(uint(len(b))))
			require.Equal(t, b.free(0), b.free(s.wide[7].from()), "the lowest empty slot")
			for i := range b {
				if b[i].used {
					r := s.record(&b[i])
					h, _ := r.leaf(nil)
					want.set(i, h)
				}
			}
			require.Equal(t, want.root(), b.root())
			for i := range b {
				require.Equal(t, want.path(i), b.path(i))
			}
		}
		for a := range here {
			require.True(t, s.remove(7, a))
		}
		require.Empty(t, s.coins)
		require.Empty(t, s.wide)
		for _, c := range s.slabs.classes {
			require.Len(t, c.free, int(c.made), "every place is free")
			for _, chunk := range c.chunks {
				for i := range chunk {
					require.Zero(t, chunk[i])
				}
			}
		}
	})
}

// Slots are taken lowest first, and a bucket that everyone leaves is as if nobody had been there.
func TestSlotsAreTakenLowestFirst(t *testing.T) {
	of, err := NewAccounts(Prefix{})
	require.NoError(t, err)
	put := func(n int) int {
		require.NoError(t, of.put(0, &Record{Address: address(n)}))
		return of.bucket(0).find(address(n))
	}
	for n := range 5 {
		require.Equal(t, n, put(n))
	}
	require.Len(t, of.bucket(0), 8)
	require.True(t, of.remove(0, address(3)))
	require.True(t, of.remove(0, address(1)))
	require.False(t, of.remove(0, address(1)))
	require.Negative(t, of.bucket(0).find(address(1)))
	require.Equal(t, 1, put(11))
	require.Equal(t, 3, put(12))
	require.Equal(t, 5, put(13))

	s, err := NewAccounts(Prefix{})
	require.NoError(t, err)
	for n := range 50 {
		require.NoError(t, s.Put(Record{Address: address(n)}))
	}
	require.NotZero(t, s.Root())
	for n := range 50 {
		closed, err := s.Close(address(n))
		require.NoError(t, err)
		require.True(t, closed)
	}
	require.Zero(t, s.Root())
	require.Zero(t, s.Len())
}
