package claim

import (
	"bytes"
	"fmt"
)

// MaxPath is the longest path in nodes. An honest tree of n leaves needs ⌈log2 n⌉, and no count exceeds 2^64.
const MaxPath = 64

// Path leads from a leaf's sibling to the root's child.
type Path []Node

// Verify checks that leaf is in the tree of root, that every key range on its way is in order, and that point lies in the leaf: [offset, offset + amount). It
// returns offset, in utop. Any input is safe: lengths are bounded and sums checked. Errors wrap ErrMalformed, ErrOverflow, ErrProof or ErrPoint.
//
// It says nothing about the voucher: the caller makes leaf from evidence that voucher.VerifyEvidence accepts.
func Verify(root Root, point uint64, leaf Leaf, path Path) (uint64, error) {
	if err := leaf.check(); err != nil {
		return 0, err
	}
	if len(path) > MaxPath {
		return 0, fmt.Errorf("%w: path of %d nodes, at most %d", ErrMalformed, len(path), MaxPath)
	}
	node := leaf.node()
	var offset uint64
	for i, s := range path {
		if err := s.check(); err != nil {
			return 0, fmt.Errorf("path node %d: %w", i, err)
		}
		left, right := node, s
		if s.Left {
			left, right = s, node
			// It cannot wrap unnoticed: offset is a part of node.Sum, and join refuses node.Sum + s.Sum ≥ 2^64.
			offset += s.Sum
		}
		var err error
		if node, err = join(left, right); err != nil {
			return 0, fmt.Errorf("path node %d: %w", i, err)
		}
	}
	if node.root() != root {
		return 0, fmt.Errorf("%w: the path leads to %x over %d utop in %d vouchers, the claim is %x over %d in %d",
			ErrProof, node.Hash, node.Sum, node.Count, root.Hash, root.Sum, root.Count)
	}
	if point < offset || point-offset >= leaf.Amount {
		return 0, fmt.Errorf("%w: %d is not in [%d, %d + %d)", ErrPoint, point, offset, offset, leaf.Amount)
	}
	return offset, nil
}

// check refuses what no honest subtree is: each voucher is worth at least 1 utop, one voucher has one key, more have a range of keys.
func (n Node) check() error {
	if len(n.First) != LeafKeyLen || len(n.Last) != LeafKeyLen {
		return fmt.Errorf("%w: keys of %d and %d bytes, want %d", ErrMalformed, len(n.First), len(n.Last), LeafKeyLen)
	}
	if n.Count == 0 || n.Sum < n.Count {
		return fmt.Errorf("%w: %d utop in %d vouchers", ErrMalformed, n.Sum, n.Count)
	}
	if order := bytes.Compare(n.First, n.Last); order > 0 || (order == 0) != (n.Count == 1) {
		return fmt.Errorf("%w: the key range does not fit %d vouchers", ErrMalformed, n.Count)
	}
	return nil
}
