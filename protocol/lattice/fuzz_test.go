package lattice

import (
	"github.com/topnetwork/top/protocol/quota"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever bytes claim to be a record: they are refused, or are the one encoding of what they say.
func FuzzRecord(f *testing.F) {
	key, err := NewKey(Ed25519, make([]byte, 32))
	require.NoError(f, err)
	for _, r := range []Record{
		{}, {Key: key, Sequence: 7, Balance: Balance{Utop: 1_000_000}, Mana: quota.Mana{Left: 5, Time: 6}},
		{Units: 1, Height: 5, Head: Hash{1}, Balance: Balance{Coins: []Coin{{"ibc/1", Amount{1, 2}}, {"uatom", Amount{0, 9}}}}},
	} {
		f.Add(r.AppendBody(nil))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := DecodeBody(Address{}, body)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.Equal(t, body, r.AppendBody(nil))
		require.LessOrEqual(t, len(body), MaxBody)
	})
}

// Whatever slots a snapshot brings for a bucket: they are refused and leave no trace, or come out again.
func FuzzSlots(f *testing.F) {
	prefix := Prefix{Bits: 0b1011010011, Len: 10}
	full, err := NewAccounts(prefix)
	require.NoError(f, err)
	for i, a := range among(prefix, 2_000) {
		require.NoError(f, full.Put(Record{Address: a, Balance: Balance{Utop: uint64(i)}}))
	}
	number := BucketOf(among(prefix, 1)[0])
	slots, err := full.Bucket(number)
	require.NoError(f, err)
	require.GreaterOrEqual(f, len(slots), 2)
	f.Add(slots[0], slots[1], uint8(2), number)
	f.Add([]byte{}, slots[0], uint8(2), number)
	f.Add(slots[0], slots[0], uint8(2), number)
	f.Add(slots[0], []byte{}, uint8(1), number)
	f.Fuzz(func(t *testing.T, first, second []byte, count uint8, bucket uint32) {
		s, err := NewAccounts(prefix)
		require.NoError(t, err)
		empty := s.Root()
		in := make(Slots, int(count)%9)
		copy(in, [][]byte{first, second})
		if s.Restore(bucket, in) != nil {
			require.Equal(t, empty, s.Root())
			require.Zero(t, s.Len())
			return
		}
		require.NotEqual(t, empty, s.Root())
		out, err := s.Bucket(bucket)
		require.NoError(t, err)
		require.Len(t, out, len(in))
		for i := range in {
			require.Equal(t, string(in[i]), string(out[i]))
		}
		require.Error(t, s.Restore(bucket, in), "it is there")
	})
}

// Whatever a proof says, it proves nothing but what is in the tree.
func FuzzProof(f *testing.F) {
	prefix := Prefix{Bits: 0b1011010011, Len: 10}
	s, err := NewAccounts(prefix)
	require.NoError(f, err)
	addresses := among(prefix, 3_001)
	for i, a := range addresses[:3_000] {
		require.NoError(f, s.Put(Record{Address: a, Balance: Balance{Utop: uint64(i)}}))
	}
	root := s.Root()
	flat := func(list []Hash) (out []byte) {
		for _, h := range list {
			out = append(out, h[:]...)
		}
		return out
	}
	hashes := func(b []byte) (out []Hash) {
		for ; len(b) >= HashSize; b = b[HashSize:] {
			out = append(out, Hash(b[:HashSize]))
		}
		return out
	}
	for i, a := range addresses[:3] {
		p, err := s.Prove(a)
		require.NoError(f, err)
		r, _, err := s.Get(a)
		require.NoError(f, err)
		f.Add(uint16(i), p.Slot, flat(p.Bucket), flat(p.Top), r.AppendBody(nil))
	}
	f.Fuzz(func(t *testing.T, account uint16, slot uint32, bucket, top, body []byte) {
		a := addresses[int(account)%len(addresses)]
		got, err := Proof{Slot: slot, Bucket: hashes(bucket), Top: hashes(top)}.Verify(prefix, root, a, body)
		if err != nil {
			return
		}
		want, found, err := s.Get(a)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, got)
	})
}
