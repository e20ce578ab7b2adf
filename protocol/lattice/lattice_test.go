package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/quota"
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

func anyRecord(t *rapid.T, a Address) Record {
	r := Record{Address: a, Sequence: rapid.Uint64().Draw(t, "sequence"), Balance: Balance{Utop: rapid.Uint64().Draw(t, "utop")}, Mana: quota.Mana{Left: rapid.Uint64().Draw(t, "mana"), Time: rapid.Int64().Draw(t, "time")}}
	kind := rapid.SampledFrom([]KeyKind{NoKey, Secp256k1, Ed25519}).Draw(t, "kind")
	var err error
	if r.Key, err = NewKey(kind, rapid.SliceOfN(rapid.Byte(), kind.size(), kind.size()).Draw(t, "key")); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "used") {
		r.Units, r.Height, r.Head = rapid.Uint64Min(1).Draw(t, "units"), rapid.Uint64Min(1).Draw(t, "height"), Hash{1, rapid.Byte().Draw(t, "head")}
	}
	denoms := rapid.SliceOfNDistinct(rapid.StringN(1, 20, MaxDenom), 0, 3, rapid.ID[string]).Draw(t, "denoms")
	slices.Sort(denoms)
	for _, d := range denoms {
		r.Coins = append(r.Coins, Coin{d, Amount{rapid.Uint64().Draw(t, "high"), rapid.Uint64Min(1).Draw(t, "low")}})
	}
	return r
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

// Records have one encoding.
func TestRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t, address(1))
		body := r.AppendBody(nil)
		require.LessOrEqual(t, len(body), MaxBody)
		got, err := DecodeBody(r.Address, body)
		require.NoError(t, err)
		require.Equal(t, r, got)
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		_, err = DecodeBody(r.Address, body[:cut])
		require.ErrorIs(t, err, ErrMalformed)
	})
}

// Units behind a proven record are believed when they lead to its head.
func TestUnitsLeadToTheHead(t *testing.T) {
	r := Record{Address: address(1)}
	var units []Unit
	for n := range uint64(5) {
		u := Unit{Account: r.Address, Number: n + 1, Previous: r.Head, Before: r.Height, Kind: Receive, Peer: address(2), Amount: Balance{Utop: n}, Balance: Balance{Utop: n * n}}
		r.Head, r.Units, r.Height = u.Hash(), u.Number, 10+2*n
		units = append(units, u)
	}
	for n := range units {
		require.NoError(t, CheckChain(r, units[n:]))
	}
	require.NoError(t, CheckChain(r, nil))
	for says, change := range map[string]func([]Unit) []Unit{
		"another amount":  func(u []Unit) []Unit { u[2].Amount.Utop++; return u },
		"another balance": func(u []Unit) []Unit { u[0].Balance.Utop++; return u },
		"another height":  func(u []Unit) []Unit { u[1].Before++; return u },
		"a gap":           func(u []Unit) []Unit { return append(u[:1], u[2:]...) },
		"not the last":    func(u []Unit) []Unit { return u[:4] },
		"one too many":    func(u []Unit) []Unit { return append([]Unit{{Account: r.Address}}, u...) },
	} {
		require.ErrorIs(t, CheckChain(r, change(slices.Clone(units))), ErrProof, says)
	}
}

// A unit has one encoding, and what follows it stays.
func TestUnitEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t, address(1))
		u := Unit{
			Account: address(1), Number: r.Units, Previous: r.Head, Before: r.Height, Kind: rapid.SampledFrom([]UnitKind{Send, Receive, Return}).Draw(t, "kind"),
			Sequence: r.Sequence, Peer: address(2), Amount: Balance{Utop: 5}, Balance: r.Balance, Transaction: Hash{7},
		}
		bz := append(u.Append(nil), "rest"...)
		got, rest, err := DecodeUnit(bz)
		require.NoError(t, err)
		require.Equal(t, u, got)
		require.Equal(t, "rest", string(rest))
		_, _, err = DecodeUnit(bz[:rapid.IntRange(0, len(bz)-5).Draw(t, "cut")])
		require.ErrorIs(t, err, ErrMalformed)
	})
}

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
