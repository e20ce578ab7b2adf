package lattice

import (
	"fmt"
	"math/bits"
)

// MaxSlots of a bucket: beyond, somebody has searched for addresses that meet in it, and pays for each (docs: README, Threats).
const MaxSlots = 1 << 20

// bucket holds the accounts whose hashed addresses begin alike. Its slots are a small tree; who closes leaves a slot empty, and who comes takes the lowest empty one.
type bucket struct {
	slots []slot
	// coins of other denominations by slot; nil where nobody has any.
	coins map[uint32][]Coin
	used  uint32
	tree  tree
}

func newBucket() *bucket { return &bucket{slots: make([]slot, 1), tree: newTree(0)} }

// find an account's slot; −1 where it has none.
func (b *bucket) find(a Address) int {
	for i := range b.slots {
		if b.slots[i].used && b.slots[i].address == a {
			return i
		}
	}
	return -1
}

// free is the lowest empty slot; a full bucket doubles.
func (b *bucket) free() (int, error) {
	for i := range b.slots {
		if !b.slots[i].used {
			return i, nil
		}
	}
	n := len(b.slots)
	if n == MaxSlots {
		return 0, fmt.Errorf("%w: a bucket of %d accounts is full", ErrMalformed, n)
	}
	b.slots = append(b.slots, make([]slot, n)...)
	b.tree.grow()
	return n, nil
}

// place of a record: its slot, or the lowest empty one.
func (b *bucket) place(a Address) (at int, err error) {
	if at = b.find(a); at < 0 {
		at, err = b.free()
	}
	return at, err
}

// put a record in a slot.
func (b *bucket) put(i int, r Record, scratch []byte) []byte {
	if !b.slots[i].used {
		b.used++
	}
	b.hold(i, &r)
	h, scratch := r.leaf(scratch)
	b.tree.set(i, h)
	return scratch
}

// remove the record of a slot.
func (b *bucket) remove(i int) {
	b.clear(i)
	b.used--
	b.tree.set(i, Hash{})
}

// fewSlots are looked through one by one.
const fewSlots = 16

// Slots of a bucket as snapshots carry them: a record's encoding with its address before it, or nothing for an empty slot. Their number is a power of two.
type Slots [][]byte

// Slots of the bucket.
func (b *bucket) encode() Slots {
	out := make(Slots, len(b.slots))
	for i := range b.slots {
		if r, used := b.record(i); used {
			out[i] = r.Encode()
		}
	}
	return out
}

// decodeBucket reads slots, each account once, all of them in the bucket of that number.
func decodeBucket(number uint32, slots Slots) (*bucket, error) {
	n := len(slots)
	if n == 0 || n > MaxSlots || n&(n-1) != 0 {
		return nil, fmt.Errorf("%w: a bucket of %d slots, want a power of two", ErrMalformed, n)
	}
	b := &bucket{slots: make([]slot, n), tree: newTree(bits.TrailingZeros(uint(n)))}
	// A map for a few would cost more than all the rest.
	var seen map[Address]bool
	if n > fewSlots {
		seen = make(map[Address]bool, n)
	}
	var scratch []byte
	for i, bz := range slots {
		if len(bz) == 0 {
			continue
		}
		if len(bz) < AddressSize {
			return nil, fmt.Errorf("%w: slot %d has %d bytes", ErrMalformed, i, len(bz))
		}
		address := Address(bz[:AddressSize])
		r, err := DecodeBody(address, bz[AddressSize:])
		if err != nil {
			return nil, err
		}
		if BucketOf(address) != number || seen[address] || seen == nil && b.find(address) >= 0 {
			return nil, fmt.Errorf("%w: account %x is not of bucket %d, or stands there twice", ErrMalformed, address, number)
		}
		if seen != nil {
			seen[address] = true
		}
		b.hold(i, &r)
		b.used++
		var h Hash
		h, scratch = r.leaf(scratch)
		b.tree.set(i, h)
	}
	if b.used == 0 {
		return nil, fmt.Errorf("%w: a bucket without accounts is not written", ErrMalformed)
	}
	return b, nil
}
