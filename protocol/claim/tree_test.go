package claim

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every point of every claim belongs to exactly one leaf, and its proof says so; sums are exact.
func TestEveryPointIsProven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		tree := build(t, leaves)
		root := tree.Root()
		var offset uint64
		for i, l := range leaves {
			path := prove(t, tree, i)
			for point := offset; point < offset+l.Amount; point++ {
				index, err := tree.At(point)
				require.NoError(t, err)
				require.Equal(t, i, index)
				got, err := Verify(root, point, l, path)
				require.NoError(t, err)
				require.Equal(t, offset, got)
			}
			// The points beside it belong to others.
			_, err := Verify(root, offset+l.Amount, l, path)
			require.ErrorIs(t, err, ErrPoint)
			_, err = Verify(root, offset-1, l, path)
			require.ErrorIs(t, err, ErrPoint)
			offset += l.Amount
		}
		require.Equal(t, offset, root.Sum)
		require.EqualValues(t, len(leaves), root.Count)
		_, err := tree.At(root.Sum)
		require.ErrorIs(t, err, ErrPoint)
		for _, index := range []int{-1, len(leaves)} {
			_, err := tree.Prove(index)
			require.ErrorIs(t, err, ErrPoint)
		}
	})
}

func TestBuildRefuses(t *testing.T) {
	leaves := func(change func([]Leaf)) []Leaf {
		l := testLeaves(2, 5, 6, 7, 8, 9)
		change(l)
		return l
	}
	for name, test := range map[string]struct {
		leaves []Leaf
		want   error
	}{
		"no leaf":        {nil, ErrMalformed},
		"amount 0":       {leaves(func(l []Leaf) { l[2].Amount = 0 }), ErrMalformed},
		"short key":      {leaves(func(l []Leaf) { l[2].Key = l[2].Key[:83] }), ErrMalformed},
		"no key":         {leaves(func(l []Leaf) { l[2].Key = nil }), ErrMalformed},
		"leaf twice":     {leaves(func(l []Leaf) { l[2] = l[1] }), ErrMalformed},
		"key twice":      {leaves(func(l []Leaf) { l[2].Key = l[1].Key }), ErrMalformed},
		"last key twice": {leaves(func(l []Leaf) { l[4].Key = l[3].Key }), ErrMalformed},
		"out of order":   {leaves(func(l []Leaf) { l[2], l[3] = l[3], l[2] }), ErrMalformed},
		"sum of 2^64":    {leaves(func(l []Leaf) { l[2].Amount = 1<<64 - 28 }), ErrOverflow},
		"sum far above":  {leaves(func(l []Leaf) { l[2].Amount, l[3].Amount = 1<<64-1, 1<<64-1 }), ErrOverflow},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(test.leaves)
			require.ErrorIs(t, err, test.want)
		})
	}
}

func TestLargestSum(t *testing.T) {
	const most = 1<<64 - 1
	leaves := testLeaves(2, 5, most-5-1, 1)
	tree := build(t, leaves)
	require.EqualValues(t, uint64(most), tree.Root().Sum)
	for point, want := range map[uint64]int{0: 0, 4: 0, 5: 1, most - 2: 1, most - 1: 2} {
		index, err := tree.At(point)
		require.NoError(t, err)
		require.Equal(t, want, index)
		_, err = Verify(tree.Root(), point, leaves[index], prove(t, tree, index))
		require.NoError(t, err)
	}
	_, err := tree.At(most)
	require.ErrorIs(t, err, ErrPoint)
	d, err := DebitAt(Debits(leaves), most-1)
	require.NoError(t, err)
	require.Equal(t, leaves[2].Key.Payer(), d.Payer)
}

// Any change of a leaf changes the root.
func TestRootCommitsToEveryLeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		root := build(t, leaves).Root()
		changed := append([]Leaf(nil), leaves...)
		i := rapid.IntRange(0, len(leaves)-1).Draw(t, "leaf")
		switch rapid.IntRange(0, 2).Draw(t, "field") {
		case 0:
			changed[i].Amount++
		case 1:
			changed[i].Evidence[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
		default:
			// The last byte keeps the order.
			changed[i].Key = append(Key(nil), changed[i].Key...)
			changed[i].Key[LeafKeyLen-1] ^= 1
		}
		require.NotEqual(t, root.Hash, build(t, changed).Root().Hash)
	})
}
