package lattice

import "slices"

// tree is a complete binary tree whose inner nodes are made when they are asked for: a block changes many leaves, and their paths meet.
type tree struct {
	// nodes in the order of a heap: the root is 1, the children of i are 2i and 2i+1, the second half are leaves.
	nodes []Hash
	// changed leaves whose paths are stale, by their places in nodes.
	changed []uint32
}

func newTree(depth int) tree { return tree{nodes: make([]Hash, 2<<depth)} }

func (t *tree) leaves() int { return len(t.nodes) / 2 }

func (t *tree) set(i int, h Hash) {
	at := t.leaves() + i
	t.nodes[at] = h
	t.changed = append(t.changed, uint32(at))
}

// root makes every node once that lies above changed leaves, level by level.
func (t *tree) root() Hash {
	slices.Sort(t.changed)
	level := slices.Compact(t.changed)
	for len(level) > 0 && level[0] > 1 {
		for i, at := range level {
			level[i] = at / 2
		}
		level = slices.Compact(level)
		for _, at := range level {
			t.nodes[at] = nodeOf(t.nodes[2*at], t.nodes[2*at+1])
		}
	}
	t.changed = t.changed[:0]
	return t.nodes[1]
}

// path of siblings from a leaf up to the root.
func (t *tree) path(i int) []Hash {
	t.root()
	var siblings []Hash
	for at := t.leaves() + i; at > 1; at /= 2 {
		siblings = append(siblings, t.nodes[at^1])
	}
	return siblings
}

// climb from a leaf's hash to the root that its siblings lead to.
func climb(h Hash, index int, siblings []Hash) Hash {
	for _, sibling := range siblings {
		if index&1 == 0 {
			h = nodeOf(h, sibling)
		} else {
			h = nodeOf(sibling, h)
		}
		index /= 2
	}
	return h
}
