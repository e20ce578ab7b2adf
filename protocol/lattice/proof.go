package lattice

import (
	"fmt"
	"math/bits"
)

// Proof that an account's record is what it is.
type Proof struct {
	// Slot of the account in its bucket.
	Slot uint32
	// Bucket has the siblings from the slot up to the bucket's root, Top those from there up to the shard's, or the network's.
	Bucket, Top []Hash
}

// Absence proves that an account has no record: its whole bucket.
type Absence struct {
	// Leaves of the bucket; their number is a power of two, or none for a bucket without accounts.
	Leaves []Leaf
	Top    []Hash
}

// Leaf of a bucket; the zero leaf is an empty slot.
type Leaf struct {
	Address Address
	Body    Hash
}

// Prove an account's record.
func (s *Accounts) Prove(a Address) (Proof, error) {
	i, err := s.own(a)
	if err != nil {
		return Proof{}, err
	}
	b := s.bucket(i)
	at := s.find(i, b, a)
	if at < 0 {
		return Proof{}, fmt.Errorf("%w: %x has no account here; its absence can be proven", ErrProof, a)
	}
	s.Root()
	return Proof{Slot: uint32(at), Bucket: b.path(at), Top: s.top.path(i)}, nil
}

// ProveAbsence of an account.
func (s *Accounts) ProveAbsence(a Address) (Absence, error) {
	i, err := s.own(a)
	if err != nil {
		return Absence{}, err
	}
	s.Root()
	p := Absence{Top: s.top.path(i)}
	b := s.bucket(i)
	if b == nil {
		return p, nil
	}
	if s.find(i, b, a) >= 0 {
		return Absence{}, fmt.Errorf("%w: %x has an account", ErrProof, a)
	}
	p.Leaves = make([]Leaf, len(b))
	for j := range b {
		if b[j].used {
			r := s.record(&b[j])
			p.Leaves[j] = Leaf{Address: r.Address, Body: BodyHash(r.AppendBody(nil))}
		}
	}
	return p, nil
}

// Verify that under a shard's root an account has the record that body encodes.
func (p Proof) Verify(shard Prefix, root Hash, a Address, body []byte) (Record, error) {
	bucket, err := place(shard, a, p.Top)
	if err != nil {
		return Record{}, err
	}
	r, err := DecodeBody(a, body)
	if err != nil {
		return Record{}, err
	}
	if len(p.Bucket) > bits.TrailingZeros(MaxSlots) || p.Slot>>len(p.Bucket) != 0 {
		return Record{}, fmt.Errorf("%w: slot %d below %d nodes", ErrProof, p.Slot, len(p.Bucket))
	}
	h := climb(leafOf(a, BodyHash(body)), int(p.Slot), p.Bucket)
	if climb(h, bucket, p.Top) != root {
		return Record{}, fmt.Errorf("%w: the record of %x does not lead to the root %x", ErrProof, a, root)
	}
	return r, nil
}

// Verify that under a shard's root an account has no record.
func (p Absence) Verify(shard Prefix, root Hash, a Address) error {
	bucket, err := place(shard, a, p.Top)
	if err != nil {
		return err
	}
	n := len(p.Leaves)
	if n&(n-1) != 0 || n > MaxSlots {
		return fmt.Errorf("%w: a bucket of %d slots, want a power of two", ErrProof, n)
	}
	var h Hash
	if n > 0 {
		t := newTree(bits.TrailingZeros(uint(n)))
		for i, l := range p.Leaves {
			if l.Address == a && l != (Leaf{}) {
				return fmt.Errorf("%w: %x is in slot %d", ErrProof, a, i)
			}
			if l != (Leaf{}) {
				t.set(i, leafOf(l.Address, l.Body))
			}
		}
		h = t.root()
	}
	if climb(h, bucket, p.Top) != root {
		return fmt.Errorf("%w: the bucket of %x does not lead to the root %x", ErrProof, a, root)
	}
	return nil
}

// place of an account's bucket below a shard's root, to which so many siblings lead.
func place(shard Prefix, a Address, top []Hash) (int, error) {
	if err := shard.Check(); err != nil {
		return 0, err
	}
	b := BucketOf(a)
	if !shard.Holds(b) {
		return 0, fmt.Errorf("%w: %x is in bucket %d, the shard holds %s", ErrNotOwned, a, b, shard)
	}
	if len(top) != shard.depth() {
		return 0, fmt.Errorf("%w: %d nodes above the bucket, want %d", ErrProof, len(top), shard.depth())
	}
	return shard.own(b), nil
}
