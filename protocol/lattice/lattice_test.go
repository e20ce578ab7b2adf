package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// address of a number.
func address(n int) Address {
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("test"), uint64(n)))
	return Address(h[:AddressSize])
}

// among are addresses of one shard.
func among(p Prefix, count int) (list []Address) {
	for n := 0; len(list) < count; n++ {
		if a := address(n); p.Holds(BucketOf(a)) {
			list = append(list, a)
		}
	}
	return list
}

// naive is the root of a tree as the README says it, made of nothing but the leaves.
func naive(leaves []Hash) Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := len(leaves) / 2
	left, right := naive(leaves[:half]), naive(leaves[half:])
	if left == (Hash{}) && right == (Hash{}) {
		return Hash{}
	}
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// Whatever is written and closed, in whatever order and however often the root is asked for: the tree is the one that its leaves make, every account is proven, every other one is proven absent, and
// a snapshot's buckets make the same root.
func TestTreeIsOfItsLeaves(t *testing.T) {
	prefix := Prefix{Bits: 0b1011010011, Len: 10}
	addresses := among(prefix, 60)
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewAccounts(prefix)
		require.NoError(t, err)
		want := map[Address]Record{}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			a := rapid.SampledFrom(addresses).Draw(t, "account")
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				_, had := want[a]
				closed, err := s.Close(a)
				require.NoError(t, err)
				require.Equal(t, had, closed)
				delete(want, a)
			case 1:
				s.Root()
			default:
				r := anyRecord(t, a)
				require.NoError(t, s.Put(r))
				want[a] = r
			}
		}
		root := s.Root()
		require.Equal(t, uint64(len(want)), s.Len())
		leaves := make([]Hash, prefix.Buckets())
		again, err := NewAccounts(prefix)
		require.NoError(t, err)
		for i := range leaves {
			number := prefix.Bits<<(BucketBits-prefix.Len) | uint32(i)
			slots, err := s.Bucket(number)
			require.NoError(t, err)
			if slots == nil {
				continue
			}
			bucket := make([]Hash, len(slots))
			for j, bz := range slots {
				if len(bz) > 0 {
					body := sha256.Sum256(append([]byte{2}, bz[AddressSize:]...))
					bucket[j] = sha256.Sum256(slices.Concat([]byte{0}, bz[:AddressSize], body[:]))
				}
			}
			leaves[i] = naive(bucket)
			require.NoError(t, again.Restore(number, slots))
		}
		require.Equal(t, naive(leaves), root)
		require.Equal(t, root, again.Root())
		require.Equal(t, s.Len(), again.Len())
		left, right := s.Child(0), s.Child(1)
		require.Equal(t, root, nodeOf(left, right))
		for _, a := range addresses {
			got, found, err := s.Get(a)
			require.NoError(t, err)
			r, had := want[a]
			require.Equal(t, had, found)
			if !had {
				_, err := s.Prove(a)
				require.ErrorIs(t, err, ErrProof)
				p, err := s.ProveAbsence(a)
				require.NoError(t, err)
				require.NoError(t, p.Verify(prefix, root, a))
				continue
			}
			require.Equal(t, r, got)
			_, err = s.ProveAbsence(a)
			require.ErrorIs(t, err, ErrProof)
			p, err := s.Prove(a)
			require.NoError(t, err)
			proven, err := p.Verify(prefix, root, a, r.AppendBody(nil))
			require.NoError(t, err)
			require.Equal(t, r, proven)
		}
	})
}

// The root of a shard is the node of its parent: a split moves nothing.
func TestSplitIsASubtree(t *testing.T) {
	parent := Prefix{Bits: 0b10110100, Len: 8}
	whole, err := NewAccounts(parent)
	require.NoError(t, err)
	halves := [2]*Accounts{}
	prefixes := [2]Prefix{}
	prefixes[0], prefixes[1] = parent.Children()
	for i, p := range prefixes {
		halves[i], err = NewAccounts(p)
		require.NoError(t, err)
	}
	for i, a := range among(parent, 300) {
		r := Record{Address: a, Balance: Balance{Utop: uint64(i)}}
		require.NoError(t, whole.Put(r))
		taken := 0
		for _, h := range halves {
			if h.Put(r) == nil {
				taken++
			}
		}
		require.Equal(t, 1, taken)
	}
	require.Equal(t, nodeOf(halves[0].Root(), halves[1].Root()), whole.Root())
	require.Equal(t, whole.Child(0), halves[0].Root())
	require.Equal(t, whole.Child(1), halves[1].Root())
	require.NotEqual(t, whole.Child(0), whole.Child(1))
	require.Equal(t, whole.Len(), halves[0].Len()+halves[1].Len())
}
