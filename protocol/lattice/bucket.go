package lattice

import "fmt"

// MaxSlots of a bucket: beyond, somebody has searched for addresses that meet in it, and pays for each (docs: README, Threats).
const MaxSlots = 1 << maxClass

// bucket holds the accounts whose hashed addresses begin alike. Its slots, a power of two, are a small tree; who closes leaves a slot empty, and who comes takes the lowest empty one.
type bucket []slot

// find an account's slot; −1 where it has none.
func (b bucket) find(a Address) int {
	for i := range b {
		if b[i].used && b[i].address == a {
			return i
		}
	}
	return -1
}

// free is the lowest empty slot from one on, below which none is empty; −1 where there is none.
func (b bucket) free(from int) int {
	for i := from; i < len(b); i++ {
		if !b[i].used {
			return i
		}
	}
	return -1
}

// node of the bucket's tree in the order of a heap: the root is 1, the children of i are 2i and 2i+1, the second half are leaves.
func (b bucket) node(at int) *Hash {
	if at < len(b) {
		return &b[at].inner
	}
	return &b[at-len(b)].leaf
}

func (b bucket) root() Hash { return *b.node(1) }

// set the leaf of a slot, and the nodes above it.
func (b bucket) set(i int, h Hash) {
	b[i].leaf = h
	for at := (len(b) + i) / 2; at > 0; at /= 2 {
		b.join(at)
	}
}

// join the children of a node.
func (b bucket) join(at int) { *b.node(at) = nodeOf(*b.node(2 * at), *b.node(2*at + 1)) }

// path of siblings from a slot up to the bucket's root.
func (b bucket) path(i int) (siblings []Hash) {
	for at := len(b) + i; at > 1; at /= 2 {
		siblings = append(siblings, *b.node(at ^ 1))
	}
	return siblings
}

// grow into a bucket of twice as many slots, all empty: what there was is its left half.
func (b bucket) grow(into bucket) {
	for i := range b {
		into[i] = b[i]
		into[i].inner = Hash{}
	}
	for first := 1; first < len(b); first *= 2 {
		for i := range first {
			*into.node(2*first + i) = *b.node(first + i)
		}
	}
	into.join(1)
}

// Slots of a bucket as snapshots carry them: a record's encoding with its address before it, or nothing for an empty slot. Their number is a power of two.
type Slots [][]byte

// encode the slots of a bucket.
func (s *Accounts) encode(b bucket) Slots {
	out := make(Slots, len(b))
	for i := range b {
		if b[i].used {
			r := s.record(&b[i])
			out[i] = r.Encode()
		}
	}
	return out
}

// fewSlots are looked through one by one.
const fewSlots = 16

// decode slots into an empty bucket of as many, each account once, all of them in the bucket of that number; it answers how many there are.
func (s *Accounts) decode(number uint32, slots Slots, b bucket) (used uint32, err error) {
	// A map for a few would cost more than all the rest.
	var seen map[Address]bool
	if len(b) > fewSlots {
		seen = make(map[Address]bool, len(b))
	}
	for i, bz := range slots {
		if len(bz) == 0 {
			continue
		}
		if len(bz) < AddressSize {
			return used, fmt.Errorf("%w: slot %d has %d bytes", ErrMalformed, i, len(bz))
		}
		address := Address(bz[:AddressSize])
		r, err := DecodeBody(address, bz[AddressSize:])
		if err != nil {
			return used, err
		}
		if BucketOf(address) != number || seen[address] || seen == nil && b.find(address) >= 0 {
			return used, fmt.Errorf("%w: account %x is not of bucket %d, or stands there twice", ErrMalformed, address, number)
		}
		if seen != nil {
			seen[address] = true
		}
		s.hold(&b[i], &r)
		used++
		b[i].leaf, s.scratch = r.leaf(s.scratch)
	}
	if used == 0 {
		return used, fmt.Errorf("%w: a bucket without accounts is not written", ErrMalformed)
	}
	for at := len(b) - 1; at > 0; at-- {
		b.join(at)
	}
	return used, nil
}
