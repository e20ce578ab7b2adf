package lattice

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A journal says what was and what is at every place that changed: applied to what there was it makes what there is, and backwards what there was.
func TestJournal(t *testing.T) {
	addresses := among(smallPrefix, 40)
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewAccounts(smallPrefix)
		require.NoError(t, err)
		s.Keep()
		type state struct {
			slots map[Place]string
			sizes map[uint32]uint32
		}
		now := func() state {
			out := state{map[Place]string{}, map[uint32]uint32{}}
			for i := range uint32(smallPrefix.Buckets()) {
				number := smallPrefix.Bits<<smallPrefix.depth() | i
				slots, err := s.Bucket(number)
				require.NoError(t, err)
				if slots != nil {
					out.sizes[number] = uint32(len(slots))
				}
				for j, bz := range slots {
					if len(bz) > 0 {
						out.slots[Place{number, uint32(j)}] = string(bz)
					}
				}
			}
			return out
		}
		for range rapid.IntRange(1, 3).Draw(t, "blocks") {
			before := now()
			for range rapid.IntRange(0, 30).Draw(t, "steps") {
				a := rapid.SampledFrom(addresses).Draw(t, "account")
				if rapid.Bool().Draw(t, "close") {
					_, err := s.Close(a)
					require.NoError(t, err)
				} else {
					require.NoError(t, s.Put(anyRecord(t, a)))
				}
			}
			after, j := now(), s.Changed()
			for _, c := range j.Changes {
				require.Equal(t, before.slots[c.Place], string(c.Before))
				require.Equal(t, after.slots[c.Place], string(c.After))
				before.slots[c.Place] = string(c.After)
				if c.After == nil {
					delete(before.slots, c.Place)
				}
			}
			for _, r := range j.Resizes {
				require.Equal(t, before.sizes[r.Bucket], r.Before)
				before.sizes[r.Bucket] = r.After
				if r.After == 0 {
					delete(before.sizes, r.Bucket)
				}
			}
			require.Equal(t, after, before)
			require.Empty(t, s.Changed().Changes)
		}
	})
}
