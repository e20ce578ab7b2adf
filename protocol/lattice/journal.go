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
}

// Keep a journal from now on.
func (s *Accounts) Keep() { s.journal = &Journal{} }

// Changed since the journal was last asked for, by places in ascending order, each once.
func (s *Accounts) Changed() Journal {
	j := *s.journal
	s.journal = &Journal{}
	j.Changes = compact(j.Changes, func(a, b *Change) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Slot, b.Slot))
	}, func(first, last *Change) { first.After = last.After })
	j.Resizes = compact(j.Resizes, func(a, b *Resize) int { return cmp.Compare(a.Bucket, b.Bucket) }, func(first, last *Resize) { first.After = last.After })
	return j
}

// compact sorts a list and makes one of what is equal.
func compact[T any](list []T, compare func(a, b *T) int, join func(first, last *T)) []T {
	slices.SortStableFunc(list, func(a, b T) int { return compare(&a, &b) })
	out := list[:0]
	for i := range list {
		if n := len(out); n > 0 && compare(&out[n-1], &list[i]) == 0 {
			join(&out[n-1], &list[i])
			continue
		}
		out = append(out, list[i])
	}
	return out
}

// note a change of a slot.
func (j *Journal) note(bucket uint32, slot int, before, after *Record) {
	if j == nil {
		return
	}
	c := Change{Place: Place{bucket, uint32(slot)}}
	if before != nil {
		c.Before = before.Encode()
	}
	if after != nil {
		c.After = after.Encode()
	}
	j.Changes = append(j.Changes, c)
}

func (j *Journal) resized(bucket uint32, before, after int) {
	if j != nil && before != after {
		j.Resizes = append(j.Resizes, Resize{bucket, uint32(before), uint32(after)})
	}
}

// Encode the record with its address before it, as slots carry it.
func (r *Record) Encode() []byte {
	return r.AppendBody(append(make([]byte, 0, 160), r.Address[:]...))
}
