package lattice

import "fmt"

// Accounts of one shard, with their tree. Not for use by several goroutines at once.
type Accounts struct {
	prefix Prefix
	// buckets by their number within the shard; nil for one without accounts.
	buckets []*bucket
	top     tree
	// stale buckets, whose roots are not in top yet, each once.
	stale   []uint32
	isStale []bool
	count   uint64
	scratch []byte
	// journal of changes; nil where none is kept.
	journal *Journal
	// elsewhere says whose an account is that the shard does not hold; nil where nobody knows.
	elsewhere func(Address) error
}

// NewAccounts of a shard that has none.
func NewAccounts(p Prefix) (*Accounts, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return &Accounts{prefix: p, buckets: make([]*bucket, p.Buckets()), top: newTree(p.depth()), isStale: make([]bool, p.Buckets())}, nil
}

// Prefix of the shard.
func (s *Accounts) Prefix() Prefix { return s.prefix }

// Len is the number of accounts.
func (s *Accounts) Len() uint64 { return s.count }

// NameOwners of accounts that the shard does not hold: the function makes an ErrNotOwned that says whose the account is (protocol/trie).
func (s *Accounts) NameOwners(elsewhere func(Address) error) { s.elsewhere = elsewhere }

// own bucket of an account.
func (s *Accounts) own(a Address) (int, error) {
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
	if b := s.buckets[i]; b != nil {
		if at := b.find(a); at >= 0 {
			r, _ := b.record(at)
			return r, true, nil
		}
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
	b, size := s.buckets[i], 0
	if b == nil {
		b = newBucket()
	} else {
		size = len(b.slots)
	}
	at, err := b.place(r.Address)
	if err != nil {
		return err
	}
	var before *Record
	if old, used := b.record(at); used {
		before = &old
	} else {
		s.count++
	}
	s.journal.note(s.number(i), at, before, &r)
	s.journal.resized(s.number(i), size, len(b.slots))
	s.scratch = b.put(at, r, s.scratch)
	s.buckets[i] = b
	s.touch(i)
	return nil
}

// number of an own bucket among the network's.
func (s *Accounts) number(i int) uint32 { return s.prefix.Bits<<s.prefix.depth() | uint32(i) }

// Close removes an account; false where there is none. A bucket that loses its last account is as if it had never been.
func (s *Accounts) Close(a Address) (bool, error) {
	i, err := s.own(a)
	if err != nil {
		return false, err
	}
	b := s.buckets[i]
	if b == nil {
		return false, nil
	}
	at := b.find(a)
	if at < 0 {
		return false, nil
	}
	r, _ := b.record(at)
	s.journal.note(s.number(i), at, &r, nil)
	b.remove(at)
	s.count--
	if b.used == 0 {
		s.journal.resized(s.number(i), len(b.slots), 0)
		s.buckets[i] = nil
	}
	s.touch(i)
	return true, nil
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
		if b := s.buckets[i]; b != nil {
			h = b.tree.root()
			// Most buckets are not touched again for long: their lists would be half a million small things for the collector to look at.
			b.tree.changed = nil
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
	if b := s.buckets[s.prefix.own(number)]; b != nil {
		return b.encode(), nil
	}
	return nil, nil
}

// Restore puts slots where there was no account, as a snapshot brings them. What they make is checked by Root.
func (s *Accounts) Restore(number uint32, slots Slots) error {
	if !s.prefix.Holds(number) {
		return fmt.Errorf("%w: bucket %d, the shard holds %s", ErrNotOwned, number, s.prefix)
	}
	i := s.prefix.own(number)
	if s.buckets[i] != nil {
		return fmt.Errorf("%w: bucket %d is there already", ErrMalformed, number)
	}
	b, err := decodeBucket(number, slots)
	if err != nil {
		return err
	}
	s.buckets[i] = b
	s.count += uint64(b.used)
	s.touch(i)
	s.journal.resized(number, 0, len(b.slots))
	for at := range b.slots {
		if r, used := b.record(at); used {
			s.journal.note(number, at, nil, &r)
		}
	}
	return nil
}

// Walk visits every record in the order of buckets and slots until visit fails.
func (s *Accounts) Walk(visit func(Record) error) error {
	for _, b := range s.buckets {
		if b == nil {
			continue
		}
		for i := range b.slots {
			if r, used := b.record(i); used {
				if err := visit(r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
