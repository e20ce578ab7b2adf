package claim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sort"
)

// Node is a subtree: its hash, the sum and number of its leaves, and the range of their keys.
type Node struct {
	Hash  [32]byte
	Sum   uint64
	Count uint64
	First Key
	Last  Key
	// Left says, in a path, that the node is the left sibling.
	Left bool
}

// Root is what a claim commits to: hash, sum in utop and number of vouchers.
type Root struct {
	Hash  [32]byte
	Sum   uint64
	Count uint64
}

// join makes the parent of two neighbours. It refuses overlapping key ranges: that is how one voucher standing twice in a tree is seen.
func join(left, right Node) (Node, error) {
	if bytes.Compare(left.Last, right.First) >= 0 {
		return Node{}, fmt.Errorf("%w: keys are not ascending: a voucher stands twice or out of order", ErrProof)
	}
	sum, carry := bits.Add64(left.Sum, right.Sum, 0)
	if carry != 0 {
		return Node{}, fmt.Errorf("%w: the sum exceeds 2^64", ErrOverflow)
	}
	count, carry := bits.Add64(left.Count, right.Count, 0)
	if carry != 0 {
		return Node{}, fmt.Errorf("%w: the count exceeds 2^64", ErrOverflow)
	}
	return Node{Hash: hashPair(left, right), Sum: sum, Count: count, First: left.First, Last: right.Last}, nil
}

// hashPair commits to sum, count and key range of BOTH children. With the parent's total alone, each child could be shown beside a sibling of another size (Hu,
// Zhang, Guo: "Breaking the Binding", ePrint 2018/1139), and both copies of a doubled leaf beside ranges that hide the other.
func hashPair(left, right Node) [32]byte {
	b := make([]byte, 0, len(domainNode)+4*8+4*LeafKeyLen+2*32)
	b = append(b, domainNode...)
	for _, v := range [...]uint64{left.Sum, left.Count, right.Sum, right.Count} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	for _, k := range [...]Key{left.First, left.Last, right.First, right.Last} {
		b = append(b, k...)
	}
	b = append(b, left.Hash[:]...)
	b = append(b, right.Hash[:]...)
	return sha256.Sum256(b)
}

// Tree is a built claim. levels[0] are the leaves; an odd node at the end of a level moves up unchanged.
type Tree struct {
	levels [][]Node
	// ends[i] is the sum of leaves 0…i, for finding the leaf of a point.
	ends []uint64
}

// Build makes the tree of leaves in strictly ascending key order, amounts above 0, their sum below 2^64. The tree shares the keys' memory: do not change them after.
func Build(leaves []Leaf) (*Tree, error) {
	if len(leaves) == 0 {
		return nil, fmt.Errorf("%w: a claim needs at least one voucher", ErrMalformed)
	}
	t := &Tree{levels: [][]Node{make([]Node, len(leaves))}, ends: make([]uint64, len(leaves))}
	var sum, carry uint64
	for i, l := range leaves {
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("leaf %d: %w", i, err)
		}
		if sum, carry = bits.Add64(sum, l.Amount, 0); carry != 0 {
			return nil, fmt.Errorf("leaf %d: %w: the sum exceeds 2^64", i, ErrOverflow)
		}
		if i > 0 && bytes.Compare(leaves[i-1].Key, l.Key) >= 0 {
			return nil, fmt.Errorf("leaf %d: %w: its key is not above the one before", i, ErrMalformed)
		}
		t.levels[0][i], t.ends[i] = l.node(), sum
	}
	for level := t.levels[0]; len(level) > 1; {
		next := make([]Node, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			n, err := join(level[i], level[i+1])
			if err != nil {
				return nil, err
			}
			next = append(next, n)
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		t.levels = append(t.levels, next)
		level = next
	}
	return t, nil
}

// Root of the tree.
func (t *Tree) Root() Root {
	top := t.levels[len(t.levels)-1][0]
	return top.root()
}

func (n Node) root() Root { return Root{Hash: n.Hash, Sum: n.Sum, Count: n.Count} }

// At finds the leaf that covers a point of [0, sum), in utop.
func (t *Tree) At(point uint64) (int, error) {
	i := sort.Search(len(t.ends), func(i int) bool { return t.ends[i] > point })
	if i == len(t.ends) {
		return 0, fmt.Errorf("%w: %d in a claim of %d utop", ErrPoint, point, t.ends[len(t.ends)-1])
	}
	return i, nil
}

// Prove returns the path of leaf index, empty for a tree of one leaf. The nodes share the tree's keys.
func (t *Tree) Prove(index int) (Path, error) {
	if index < 0 || index >= len(t.ends) {
		return nil, fmt.Errorf("%w: leaf %d of %d", ErrPoint, index, len(t.ends))
	}
	var path Path
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := index ^ 1; sibling < len(level) {
			n := level[sibling]
			n.Left = sibling < index
			path = append(path, n)
		}
		index /= 2
	}
	return path, nil
}
