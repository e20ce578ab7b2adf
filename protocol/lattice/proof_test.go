package lattice

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A proof proves one record of one account under one root, and nothing else.
func TestProofsThatAreRefused(t *testing.T) {
	prefix := Prefix{Bits: 0b1011010011, Len: 10}
	addresses := among(prefix, 3_000)
	s, err := NewAccounts(prefix)
	require.NoError(t, err)
	for i, a := range addresses[:2_990] {
		require.NoError(t, s.Put(Record{Address: a, Balance: Balance{Utop: uint64(i)}}))
	}
	root, here := s.Root(), addresses[0]
	r, _, err := s.Get(here)
	require.NoError(t, err)
	body := r.AppendBody(nil)
	refused := func(says string, change func(p *Proof, a *Address, shard *Prefix, root *Hash, body *[]byte)) {
		t.Helper()
		p, err := s.Prove(here)
		require.NoError(t, err)
		require.NotEmpty(t, p.Bucket)
		a, shard, under, says2 := here, prefix, root, slices.Clone(body)
		change(&p, &a, &shard, &under, &says2)
		_, err = p.Verify(shard, under, a, says2)
		require.Error(t, err, says)
	}
	refused("another balance", func(_ *Proof, _ *Address, _ *Prefix, _ *Hash, b *[]byte) {
		other := r
		other.Utop++
		*b = other.AppendBody(nil)
	})
	refused("bytes behind the record", func(_ *Proof, _ *Address, _ *Prefix, _ *Hash, b *[]byte) { *b = append(*b, 0) })
	refused("another account", func(_ *Proof, a *Address, _ *Prefix, _ *Hash, _ *[]byte) { *a = addresses[1] })
	refused("another root", func(_ *Proof, _ *Address, _ *Prefix, h *Hash, _ *[]byte) { h[0] ^= 1 })
	refused("another slot", func(p *Proof, _ *Address, _ *Prefix, _ *Hash, _ *[]byte) { p.Slot ^= 1 })
	refused("a slot that there is not", func(p *Proof, _ *Address, _ *Prefix, _ *Hash, _ *[]byte) { p.Slot += 1 << len(p.Bucket) })
	refused("another sibling", func(p *Proof, _ *Address, _ *Prefix, _ *Hash, _ *[]byte) { p.Top[3][0] ^= 1 })
	refused("a level less", func(p *Proof, _ *Address, _ *Prefix, _ *Hash, _ *[]byte) { p.Top = p.Top[1:] })
	refused("another shard", func(_ *Proof, _ *Address, shard *Prefix, _ *Hash, _ *[]byte) { shard.Bits ^= 1 })
	refused("no shard", func(_ *Proof, _ *Address, shard *Prefix, _ *Hash, _ *[]byte) { shard.Len = 11 })

	gone := addresses[2_995]
	absence := func() Absence {
		p, err := s.ProveAbsence(gone)
		require.NoError(t, err)
		require.NoError(t, p.Verify(prefix, root, gone))
		require.NotEmpty(t, p.Leaves)
		return p
	}
	for says, change := range map[string]func(*Absence){
		"a slot hidden":   func(p *Absence) { p.Leaves[0] = Leaf{} },
		"half the bucket": func(p *Absence) { p.Leaves = p.Leaves[:len(p.Leaves)/2] },
		"no bucket":       func(p *Absence) { p.Leaves = nil },
		"three slots":     func(p *Absence) { p.Leaves = append(p.Leaves, Leaf{}) },
		"another record":  func(p *Absence) { p.Leaves[0].Body[0] ^= 1 },
		"a level less":    func(p *Absence) { p.Top = p.Top[1:] },
	} {
		p := absence()
		change(&p)
		require.Error(t, p.Verify(prefix, root, gone), says)
	}
	p := absence()
	require.Error(t, p.Verify(prefix, root, p.Leaves[0].Address), "who is there is not absent")
}
