package lattice

import "fmt"

// RangeBuckets of the network make a range: one node of its tree, in every shard that there can be.
const RangeBuckets = 1 << (BucketBits - MaxPrefix)

// sparseSlots that ranges may have, and slotsPerAccount beside: buckets that many have left are wide and nearly empty, not all of them.
const (
	sparseSlots     = 1 << 21
	slotsPerAccount = 64
)

// RangeOf a bucket among the network's.
func RangeOf(bucket uint32) uint32 { return bucket / RangeBuckets }

// ranges is the depth of ranges below a shard's root.
func (p Prefix) ranges() int { return MaxPrefix - int(p.Len) }

// ownRange is a range's number within the shard.
func (p Prefix) ownRange(number uint32) int { return int(number & (1<<p.ranges() - 1)) }

// Crown is the tree of a shard from its root down to its ranges, as of one height: enough to prove ranges that are read later.
type Crown struct {
	prefix Prefix
	tree   tree
}

// Crown of the accounts as they are.
func (s *Accounts) Crown() Crown {
	s.Root()
	return Crown{s.prefix, tree{nodes: append([]Hash(nil), s.top.nodes[:2<<s.prefix.ranges()]...)}}
}

// Path of siblings from a range, by its number among the network's, up to the shard's root.
func (c Crown) Path(number uint32) []Hash { return c.tree.path(c.prefix.ownRange(number)) }

// Bucket of a range, by its number among the network's.
type Bucket struct {
	Number uint32
	Slots  Slots
}

// RestoreRange puts all buckets that a range has where there was no account, as a snapshot brings them, if they lead to the root. What an error leaves is not for use.
func (s *Accounts) RestoreRange(root Hash, buckets []Bucket, path []Hash) error {
	if len(buckets) == 0 {
		return fmt.Errorf("%w: a range without accounts is not written", ErrMalformed)
	}
	number := RangeOf(buckets[0].Number)
	for i, b := range buckets {
		// An empty slot is next to nothing in a payload, and not in memory.
		if s.restored += uint64(len(b.Slots)); s.restored > sparseSlots+slotsPerAccount*s.count {
			return fmt.Errorf("%w: %d slots for %d accounts", ErrMalformed, s.restored, s.count)
		}
		if RangeOf(b.Number) != number || i > 0 && buckets[i-1].Number >= b.Number {
			return fmt.Errorf("%w: bucket %d in range %d, want its buckets in ascending order", ErrMalformed, b.Number, number)
		}
		if err := s.Restore(b.Number, b.Slots); err != nil {
			return err
		}
	}
	s.Root()
	own := s.prefix.ownRange(number)
	if len(path) != s.prefix.ranges() || climb(s.top.nodes[1<<s.prefix.ranges()+own], own, path) != root {
		return fmt.Errorf("%w: range %d does not lead to the root %x", ErrProof, number, root)
	}
	return nil
}
