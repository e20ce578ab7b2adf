package trie

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		prefix   lattice.Prefix
		zoneBits uint8
		shard    Shard
	}{
		{"top-z0.s-1", lattice.Prefix{}, 0, Shard{Generation: 1}},
		{"top-z0.s00-1", lattice.Prefix{Len: 2}, 1, Shard{Prefix: lattice.Prefix{Len: 2}, Generation: 1}},
		{"top-z1.s11-1", lattice.Prefix{Bits: 3, Len: 2}, 1, Shard{Zone: 1, Prefix: lattice.Prefix{Bits: 3, Len: 2}, Generation: 1}},
		{"top-z5.s1011-7", lattice.Prefix{Bits: 11, Len: 4}, 3, Shard{Zone: 5, Prefix: lattice.Prefix{Bits: 11, Len: 4}, Generation: 7}},
	} {
		s, err := NewShard(c.prefix, c.zoneBits, c.shard.Generation)
		require.NoError(t, err)
		require.Equal(t, c.shard, s)
		require.Equal(t, c.name, s.Name())
		require.LessOrEqual(t, len(c.name), MaxName)
	}
	for _, bad := range []string{
		"", "top-z0.s", "top-z0.s-", "top-z0.s-0", "top-z0.s-01", "top-z00.s-1", "top-z0.s2-1", "top-z1.s0-1", "top-z0.s--1", "top-z0.s-1-1", "top-z0.s01010101010-1", "top-main-1", "top-z0.s-+1",
		"top-z9.s1001-1", "top-z0.s-18446744073709551616", " top-z0.s-1",
	} {
		_, err := ParseName(bad)
		require.ErrorIs(t, err, ErrTable, bad)
	}
	_, err := NewShard(lattice.Prefix{Len: 1}, 2, 1)
	require.ErrorIs(t, err, ErrTable, "fewer bits than its zone has")
	_, err = NewShard(lattice.Prefix{Len: 4}, 4, 1)
	require.ErrorIs(t, err, ErrTable, "too many zones")
	_, err = NewShard(lattice.Prefix{}, 0, 0)
	require.ErrorIs(t, err, ErrTable)
}

// Two shards of a network never share a name, and each name leads back.
func TestNamesLeadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zoneBits := uint8(rapid.IntRange(0, MaxZoneBits).Draw(rt, "zone bits"))
		n := uint8(rapid.IntRange(int(zoneBits), lattice.MaxPrefix).Draw(rt, "len"))
		p := lattice.Prefix{Len: n, Bits: rapid.Uint32Range(0, 1<<n-1).Draw(rt, "bits")}
		s, err := NewShard(p, zoneBits, rapid.Uint64Min(1).Draw(rt, "generation"))
		require.NoError(rt, err)
		back, err := ParseName(s.Name())
		require.NoError(rt, err)
		require.Equal(rt, s, back)
		require.NoError(rt, CheckName(s.Name()))
	})
}

// Whatever text claims to be a name: it is refused, or it is the name of what it was read as.
func FuzzParseName(f *testing.F) {
	f.Add("top-z0.s-1")
	f.Add("top-z1.s11-1")
	f.Add("top-z0.s00-18446744073709551615")
	f.Fuzz(func(t *testing.T, name string) {
		s, err := ParseName(name)
		if err != nil {
			require.ErrorIs(t, err, ErrTable)
			return
		}
		require.Equal(t, name, s.Name())
		require.NoError(t, CheckName(name))
	})
}
