package sortition

import (
	"fmt"
	"math/bits"
)

// Tree finds, in O(log n), the item under a point of the line on which items lie one after the other, each as long as its weight (follow the satoshi).
type Tree struct {
	// sums is a complete binary tree in an array: 1 is the root, 2i and 2i + 1 are the children of i, the leaves begin at half its length.
	sums  []uint64
	count int
}

// NewTree puts the items 0…n−1 on the line in this order. Their weights may be 0 and must sum up to less than 2^64.
func NewTree(weights []uint64) (*Tree, error) {
	half := 1
	for half < len(weights) {
		half *= 2
	}
	t := &Tree{sums: make([]uint64, 2*half), count: len(weights)}
	copy(t.sums[half:], weights)
	for i := half - 1; i > 0; i-- {
		sum, carry := bits.Add64(t.sums[2*i], t.sums[2*i+1], 0)
		if carry != 0 {
			return nil, fmt.Errorf("%w: the weights sum up to 2^64 or more; lower the saturation of stake or the number of candidates", ErrOverflow)
		}
		t.sums[i] = sum
	}
	return t, nil
}

// Total is the length of the line.
func (t *Tree) Total() uint64 { return t.sums[1] }

// Find returns the item that covers a point of [0, Total), false for a point beyond.
func (t *Tree) Find(point uint64) (int, bool) {
	if point >= t.Total() {
		return 0, false
	}
	i := 1
	for i < len(t.sums)/2 {
		i *= 2
		if left := t.sums[i]; point >= left {
			point -= left
			i++
		}
	}
	return i - len(t.sums)/2, true
}

// Remove takes an item off the line; those behind it move up.
func (t *Tree) Remove(item int) {
	if item < 0 || item >= t.count {
		return
	}
	i := item + len(t.sums)/2
	weight := t.sums[i]
	for ; i > 0; i /= 2 {
		t.sums[i] -= weight
	}
}

// Draw picks up to k items without replacement, in the order drawn: each by one uniform point on what is left of the line. Items of weight 0 are never picked.
func (t *Tree) Draw(stream *Stream, k int) []int {
	picked := []int{}
	for len(picked) < k && t.Total() > 0 {
		item, _ := t.Find(stream.Below(t.Total()))
		t.Remove(item)
		picked = append(picked, item)
	}
	return picked
}
