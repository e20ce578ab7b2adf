package lattice

import (
	"fmt"
	"math/bits"
)

// Accounts of one shard, with their tree. Not for use by several goroutines at once.
type Accounts struct {
	prefix Prefix
	// extents of buckets by their number within the shard, in slabs.
	extents []extent
	slabs   slabs
	// wide buckets by their number within the shard: those of more slots than can be looked through one by one.
	wide   map[int]*wide
	wideAt int
	// coins of other denominations than utop.
	coins map[Address][]Coin
	top   tree
	// stale buckets, whose roots are not in top yet, each once.
	stale   []uint32
	isStale []bool
	count   uint64
	// restored slots of ranges.
	restored uint64
	scratch  []byte
	// journal of changes; nil where none is kept.
	journal *Journal
	// elsewhere says whose an account is that the shard does not hold; nil where nobody knows.
	elsewhere func(Address) error
	// foreign account that no shard holds, wherever its bucket is, and why.
	foreign    Address
	whyForeign error
}

// extent says where a bucket's slots are, and how many of them are used; none of a bucket that is not there.
type extent struct {
	place, used uint32
	class       uint8
}

// NewAccounts of a shard that has none.
func NewAccounts(p Prefix) (*Accounts, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return &Accounts{prefix: p, extents: make([]extent, p.Buckets()), wide: map[int]*wide{}, wideAt: wideAt, coins: map[Address][]Coin{}, top: newTree(p.depth()), isStale: make([]bool, p.Buckets())}, nil
}

// Prefix of the shard.
func (s *Accounts) Prefix() Prefix { return s.prefix }

// Len is the number of accounts.
func (s *Accounts) Len() uint64 { return s.count }

// NameOwners of accounts that the shard does not hold: the function makes an ErrNotOwned that says whose the account is (protocol/trie).
func (s *Accounts) NameOwners(elsewhere func(Address) error) { s.elsewhere = elsewhere }

// Exclude an account that no shard holds, wherever its bucket is: for an error that is an ErrNotOwned.
func (s *Accounts) Exclude(a Address, why error) { s.foreign, s.whyForeign = a, why }

// own bucket of an account.
func (s *Accounts) own(a Address) (int, error) {
	if s.whyForeign != nil && a == s.foreign {
		return 0, s.whyForeign
	}
	b := BucketOf(a)
	switch {
	case s.prefix.Holds(b):
		return s.prefix.own(b), nil
	case s.elsewhere != nil:
		return 0, s.elsewhere(a)
	}
	return 0, fmt.Errorf("%w: %x is in bucket %d, the shard holds %s", ErrNotOwned, a, b, s.prefix)
}

// Get an account's record; false where there is none.
func (s *Accounts) Get(a Address) (Record, bool, error) {
	i, err := s.own(a)
	if err != nil {
		return Record{}, false, err
	}
	b := s.bucket(i)
	if at := s.find(i, b, a); at >= 0 {
		return s.record(&b[at]), true, nil
	}
	return Record{}, false, nil
}

// Put writes a record, of a new account too. The caller does not change its coins afterwards.
func (s *Accounts) Put(r Record) error {
	i, err := s.own(r.Address)
	if err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return err
	}
	return s.put(i, &r)
}

// put a record into an own bucket.
func (s *Accounts) put(i int, r *Record) (err error) {
	b := s.bucket(i)
	size := len(b)
	at := s.find(i, b, r.Address)
	if at < 0 {
		if b, at, err = s.room(i, b); err != nil {
			return err
		}
	}
	var before *Record
	if b[at].used {
		old := s.record(&b[at])
		before = &old
	} else {
		s.count++
		s.extents[i].used++
		s.wide[i].put(r.Address, at)
	}
	s.journal.note(s.number(i), at, before, r)
	s.journal.resized(s.number(i), size, len(b))
	s.hold(&b[at], r)
	var leaf Hash
	leaf, s.scratch = r.leaf(s.scratch)
	b.set(at, leaf)
	s.touch(i)
	return nil
}

// bucket of an own number; nil for one without accounts.
func (s *Accounts) bucket(i int) bucket {
	if e := &s.extents[i]; e.used > 0 {
		return s.slabs.at(e.class, e.place)
	}
	return nil
}

// room for one more account in a bucket: its lowest empty slot. One that is full doubles.
func (s *Accounts) room(i int, b bucket) (bucket, int, error) {
	e := &s.extents[i]
	if b == nil {
		*e = extent{place: s.slabs.take(0)}
		return s.slabs.at(e.class, e.place), 0, nil
	}
	if int(e.used) < len(b) {
		return b, b.free(s.wide[i].from()), nil
	}
	if len(b) == MaxSlots {
		return nil, 0, fmt.Errorf("%w: a bucket of %d accounts is full", ErrMalformed, len(b))
	}
	wider := extent{place: s.slabs.take(e.class + 1), used: e.used, class: e.class + 1}
	into := s.slabs.at(wider.class, wider.place)
	b.grow(into)
	s.slabs.give(e.class, e.place)
	*e = wider
	s.widen(i, into)
	return into, len(into) / 2, nil
}

// number of an own bucket among the network's.
func (s *Accounts) number(i int) uint32 { return s.prefix.Bits<<s.prefix.depth() | uint32(i) }

// Close removes an account; false where there is none. A bucket that loses its last account is as if it had never been.
func (s *Accounts) Close(a Address) (bool, error) {
	i, err := s.own(a)
	if err != nil {
		return false, err
	}
	return s.remove(i, a), nil
}

// remove an account from an own bucket.
func (s *Accounts) remove(i int, a Address) bool {
	b := s.bucket(i)
	at := s.find(i, b, a)
	if at < 0 {
		return false
	}
	r := s.record(&b[at])
	s.journal.note(s.number(i), at, &r, nil)
	s.empty(&b[at])
	s.wide[i].remove(a, at)
	b.set(at, Hash{})
	s.count--
	e := &s.extents[i]
	if e.used--; e.used == 0 {
		s.journal.resized(s.number(i), len(b), 0)
		s.slabs.give(e.class, e.place)
		delete(s.wide, i)
	}
	s.touch(i)
	return true
}

func (s *Accounts) touch(i int) {
	if !s.isStale[i] {
		s.isStale[i] = true
		s.stale = append(s.stale, uint32(i))
	}
}

// Root of the shard: a node of the network's tree. Work is done once for all that changed since it was last asked for.
func (s *Accounts) Root() Hash {
	for _, i := range s.stale {
		var h Hash
		if b := s.bucket(int(i)); b != nil {
			h = b.root()
		}
		s.top.set(int(i), h)
		s.isStale[i] = false
	}
	s.stale = s.stale[:0]
	return s.top.root()
}

// Child is the root of one half of the shard, which is that of a shard of its own after a split: 0 of the left, 1 of the right one.
func (s *Accounts) Child(side int) Hash {
	s.Root()
	return s.top.nodes[2+side&1]
}

// Bucket answers the slots of one of the network's buckets, none where it has no account.
func (s *Accounts) Bucket(number uint32) (Slots, error) {
	if !s.prefix.Holds(number) {
		return nil, fmt.Errorf("%w: bucket %d, the shard holds %s", ErrNotOwned, number, s.prefix)
	}
	if b := s.bucket(s.prefix.own(number)); b != nil {
		return s.encode(b), nil
	}
	return nil, nil
}

// Restore puts slots where there was no account, as a snapshot brings them. What they make is checked by Root.
func (s *Accounts) Restore(number uint32, slots Slots) error {
	if !s.prefix.Holds(number) {
		return fmt.Errorf("%w: bucket %d, the shard holds %s", ErrNotOwned, number, s.prefix)
	}
	i := s.prefix.own(number)
	if s.extents[i].used > 0 {
		return fmt.Errorf("%w: bucket %d is there already", ErrMalformed, number)
	}
	n := len(slots)
	if n == 0 || n > MaxSlots || n&(n-1) != 0 {
		return fmt.Errorf("%w: a bucket of %d slots, want a power of two", ErrMalformed, n)
	}
	e := extent{class: uint8(bits.TrailingZeros(uint(n)))}
	e.place = s.slabs.take(e.class)
	b := s.slabs.at(e.class, e.place)
	var err error
	if e.used, err = s.decode(number, slots, b); err != nil {
		for i := range b {
			s.empty(&b[i])
		}
		s.slabs.give(e.class, e.place)
		return err
	}
	s.extents[i] = e
	s.widen(i, b)
	s.count += uint64(e.used)
	s.touch(i)
	s.journal.resized(number, 0, n)
	for at := range b {
		if b[at].used {
			r := s.record(&b[at])
			s.journal.note(number, at, nil, &r)
		}
	}
	return nil
}

// Walk visits every record in the order of buckets and slots until visit fails.
func (s *Accounts) Walk(visit func(Record) error) error {
	for i := range s.extents {
		b := s.bucket(i)
		for at := range b {
			if b[at].used {
				if err := visit(s.record(&b[at])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
