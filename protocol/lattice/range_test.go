package lattice

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Ranges bring the same accounts in whatever order, each proven by itself; one that was changed, or stands for another, is refused at once.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := Prefix{Len: uint8(rapid.SampledFrom([]int{3, 6, MaxPrefix}).Draw(t, "prefix"))}
		s, err := NewAccounts(prefix)
		require.NoError(t, err)
		ranges := map[uint32][]Bucket{}
		for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(among(prefix, 60)), 2, 20, rapid.ID[Address]).Draw(t, "accounts") {
			require.NoError(t, s.Put(anyRecord(t, a)))
		}
		for number := range uint32(prefix.Buckets()) {
			slots, err := s.Bucket(number)
			require.NoError(t, err)
			if slots != nil {
				ranges[RangeOf(number)] = append(ranges[RangeOf(number)], Bucket{number, slots})
			}
		}
		root, crown := s.Root(), s.Crown()
		other, err := NewAccounts(prefix)
		require.NoError(t, err)
		for _, number := range rapid.Permutation(slices.Sorted(maps.Keys(ranges))).Draw(t, "order") {
			require.NoError(t, other.RestoreRange(root, ranges[number], crown.Path(number)))
		}
		require.Equal(t, root, other.Root())

		number := rapid.SampledFrom(slices.Sorted(maps.Keys(ranges))).Draw(t, "range")
		path := crown.Path(number)
		refused := func(why string, want error, buckets []Bucket, path []Hash) {
			fresh, err := NewAccounts(prefix)
			require.NoError(t, err)
			require.ErrorIs(t, fresh.RestoreRange(root, buckets, path), want, why)
		}
		refused("nothing", ErrMalformed, nil, path)
		refused("another root", ErrProof, ranges[number], append(slices.Clone(path), Hash{}))
		if len(path) > 0 {
			turned := slices.Clone(path)
			turned[0][0] ^= 1
			refused("another path", ErrProof, ranges[number], turned)
		}
		first := ranges[number][0]
		slots := make(Slots, 2*len(first.Slots))
		copy(slots, first.Slots)
		refused("a larger bucket", ErrProof, append([]Bucket{{first.Number, slots}}, ranges[number][1:]...), path)
		refused("a bucket twice", ErrMalformed, append([]Bucket{first}, ranges[number]...), path)
	})
}

// Empty slots cost a payload next to nothing: what has far more of them than accounts is refused before there is room for it.
func TestRangesOfEmptySlots(t *testing.T) {
	s, err := NewAccounts(Prefix{})
	require.NoError(t, err)
	list := make([]Bucket, 3)
	for i := range list {
		list[i] = Bucket{Number: uint32(i), Slots: make(Slots, MaxSlots)}
	}
	for n := 0; ; n++ {
		if a := address(n); RangeOf(BucketOf(a)) == 0 {
			r := Record{Address: a}
			list[0] = Bucket{BucketOf(a), Slots{r.Encode()}}
			list[1].Number, list[2].Number = BucketOf(a)+1, BucketOf(a)+2
			break
		}
	}
	s.restored = sparseSlots
	require.NoError(t, s.Restore(list[0].Number, list[0].Slots))
	require.ErrorContains(t, s.RestoreRange(Hash{}, list[1:], nil), "slots for 1 accounts")
}
