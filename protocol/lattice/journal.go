package lattice

import (
	"cmp"
	"slices"
)

// Place of a record: one of the network's buckets, and a slot in it.
type Place struct{ Bucket, Slot uint32 }

// Change of a place. Records are encoded as in Slots; an empty one stands for none.
type Change struct {
	Place
	Before, After []byte
}

// Resize of a bucket: the number of its slots, 0 for a bucket that is not there.
type Resize struct {
	Bucket        uint32
	Before, After uint32
}

// Journal of what was changed in the accounts: what a disk has to follow, and to take back.
type Journal struct {
	Changes []Change
	Resizes []Resize
	// room for encodings: records of a block share few allocations.
	room []byte
}

// roomStep of a journal's room in bytes.
const roomStep = 256 << 10

// Keep a journal from now on.
func (s *Accounts) Keep() { s.journal = &Journal{} }

// Changed since the journal was last asked for, by places in ascending order, each once.
func (s *Accounts) Changed() Journal {
	j := *s.journal
	s.journal = &Journal{Changes: make([]Change, 0, len(j.Changes))}
	j.Changes = compact(j.Changes, func(c *Change) uint64 { return uint64(c.Bucket)<<32 | uint64(c.Slot) }, func(first, last *Change) { first.After = last.After })
	j.Resizes = compact(j.Resizes, func(r *Resize) uint64 { return uint64(r.Bucket) }, func(first, last *Resize) { first.After = last.After })
	return j
}

// compact sorts a list by keys and makes one of what has the same key.
func compact[T any](list []T, key func(*T) uint64, join func(first, last *T)) []T {
	type place struct {
		key uint64
		at  int
	}
	order := make([]place, len(list))
	for i := range list {
		order[i] = place{key(&list[i]), i}
	}
	slices.SortFunc(order, func(a, b place) int {
		if c := cmp.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
	out := make([]T, 0, len(list))
	for i, p := range order {
		if i > 0 && order[i-1].key == p.key {
			join(&out[len(out)-1], &list[p.at])
			continue
		}
		out = append(out, list[p.at])
	}
	return out
}

// note a change of a slot.
func (j *Journal) note(bucket uint32, slot int, before, after *Record) {
	if j == nil {
		return
	}
	j.Changes = append(j.Changes, Change{Place{bucket, uint32(slot)}, j.encode(before), j.encode(after)})
}

// encode a record in the journal's room; none is empty.
func (j *Journal) encode(r *Record) []byte {
	if r == nil {
		return nil
	}
	if cap(j.room)-len(j.room) < AddressSize+MaxBody {
		j.room = make([]byte, 0, roomStep)
	}
	from := len(j.room)
	j.room = r.appendTo(j.room)
	return j.room[from:len(j.room):len(j.room)]
}

func (j *Journal) resized(bucket uint32, before, after int) {
	if j != nil && before != after {
		j.Resizes = append(j.Resizes, Resize{bucket, uint32(before), uint32(after)})
	}
}

// Encode the record with its address before it, as slots carry it.
func (r *Record) Encode() []byte { return r.appendTo(make([]byte, 0, 160)) }

func (r *Record) appendTo(b []byte) []byte { return r.AppendBody(append(b, r.Address[:]...)) }
