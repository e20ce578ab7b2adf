package lattice

// wideAt slots a bucket is too wide to be looked through for every transfer. Few shards have one, unless somebody has searched for addresses that meet in it.
const wideAt = 64

// wide bucket's index. All of its methods can be called of none.
type wide struct {
	slots map[Address]uint32
	// free: no slot below it is empty.
	free int
}

// find an account's slot in a bucket; −1 where it has none.
func (s *Accounts) find(i int, b bucket, a Address) int {
	if len(b) <= s.wideAt {
		return b.find(a)
	}
	if at, ok := s.wide[i].slots[a]; ok {
		return int(at)
	}
	return -1
}

// widen the index of a bucket whose slots are new, if it is wide.
func (s *Accounts) widen(i int, b bucket) {
	if len(b) <= s.wideAt {
		return
	}
	w := &wide{slots: make(map[Address]uint32, s.extents[i].used)}
	for at := range b {
		if b[at].used {
			w.slots[b[at].address] = uint32(at)
		}
	}
	s.wide[i] = w
}

// from where on there may be an empty slot.
func (w *wide) from() int {
	if w == nil {
		return 0
	}
	return w.free
}

// put a new account into the lowest empty slot.
func (w *wide) put(a Address, at int) {
	if w == nil {
		return
	}
	w.slots[a] = uint32(at)
	w.free = at + 1
}

// remove an account from a slot.
func (w *wide) remove(a Address, at int) {
	if w == nil {
		return
	}
	delete(w.slots, a)
	w.free = min(w.free, at)
}
