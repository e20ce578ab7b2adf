package claim

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// liar builds a tree from leaves in any order without Build's checks; ranges lets it state any key range for any node.
type liar struct {
	levels [][]Node
}

func lie(leaves []Leaf, ranges func(level, index int, n *Node)) *liar {
	l := &liar{levels: [][]Node{make([]Node, len(leaves))}}
	for i, leaf := range leaves {
		l.levels[0][i] = leaf.node()
	}
	for level := l.levels[0]; len(level) > 1; {
		var next []Node
		for i := 0; i+1 < len(level); i += 2 {
			a, b := level[i], level[i+1]
			n := Node{Hash: hashPair(a, b), Sum: a.Sum + b.Sum, Count: a.Count + b.Count, First: a.First, Last: b.Last}
			ranges(len(l.levels), i/2, &n)
			next = append(next, n)
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		l.levels = append(l.levels, next)
		level = next
	}
	return l
}

func (l *liar) prove(index int) Path {
	t := Tree{levels: l.levels, ends: make([]uint64, len(l.levels[0]))}
	path, err := t.Prove(index)
	if err != nil {
		panic(err)
	}
	return clonePath(path)
}

func (l *liar) root() Root { return l.levels[len(l.levels)-1][0].root() }

// adapt restates the siblings' inner boundaries, so that the key ranges on the way look in order.
func adapt(leaf Leaf, path Path) Path {
	path = clonePath(path)
	first, last := leaf.Key, leaf.Key
	for i := range path {
		s := &path[i]
		if s.Left {
			if bytes.Compare(s.Last, first) >= 0 {
				s.Last = step(first, 0xff)
			}
			first = s.First
		} else {
			if bytes.Compare(last, s.First) >= 0 {
				s.First = step(last, 1)
			}
			last = s.Last
		}
	}
	return path
}

// step is the key after (by 1) or before (by 0xff) k in order.
func step(k Key, by byte) Key {
	k = slices.Clone(k)
	for i := len(k) - 1; i >= 0; i-- {
		k[i] += by
		if by == 1 && k[i] != 0 || by == 0xff && k[i] != 0xff {
			break
		}
	}
	return k
}

// However a provider lies about key ranges, at most one copy of a doubled voucher can be proven: the other copies are as good as forged. Below their lowest common
// node, the two sides' ranges both hold the key, and the hash of that node fixes both ranges.
func TestOnlyOneCopyOfALeafVerifies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		i := rapid.IntRange(0, len(leaves)-1).Draw(t, "original")
		j := rapid.IntRange(0, len(leaves)).Draw(t, "copy goes to")
		leaves = slices.Insert(slices.Clone(leaves), j, leaves[i])
		if j <= i {
			i++
		}
		lowest, highest := make(Key, LeafKeyLen), make(Key, LeafKeyLen)
		for k := range highest {
			highest[k] = 0xff
		}
		boundary := func(t *rapid.T) Key {
			switch rapid.IntRange(0, 3).Draw(t, "boundary") {
			case 0:
				return lowest
			case 1:
				return highest
			default:
				return leaves[rapid.IntRange(0, len(leaves)-1).Draw(t, "of leaf")].Key
			}
		}
		truth := rapid.Bool().Draw(t, "truthful")
		l := lie(leaves, func(_, _ int, n *Node) {
			if !truth && rapid.Bool().Draw(t, "lies") {
				n.First, n.Last = boundary(t), boundary(t)
			}
		})
		proven := 0
		for _, copyAt := range []int{i, j} {
			var start uint64
			for _, leaf := range leaves[:copyAt] {
				start += leaf.Amount
			}
			path := l.prove(copyAt)
			_, err := Verify(l.root(), start, leaves[copyAt], path)
			if err != nil {
				_, err = Verify(l.root(), start, leaves[copyAt], adapt(leaves[copyAt], path))
			}
			if err == nil {
				proven++
			}
		}
		require.LessOrEqual(t, proven, 1)
	})
}

// With truthful ranges, a doubled voucher beside its original is refused wherever it is sampled.
func TestNeighbouringCopiesAreRefused(t *testing.T) {
	for _, at := range []int{0, 1, 2, 3, 4, 5, 6, 7} {
		leaves := testLeaves(3, 5, 6, 7, 8, 9, 10, 11, 12)
		leaves = slices.Insert(leaves, at, leaves[at])
		l := lie(leaves, func(int, int, *Node) {})
		proven := 0
		for i := at; i <= at+1; i++ {
			var start uint64
			for _, leaf := range leaves[:i] {
				start += leaf.Amount
			}
			_, err := Verify(l.root(), start, leaves[i], l.prove(i))
			if err == nil {
				proven++
			} else {
				require.ErrorIs(t, err, ErrProof)
			}
		}
		require.Zero(t, proven)
	}
}
