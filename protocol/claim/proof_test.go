package claim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func clonePath(path Path) Path {
	c := slices.Clone(path)
	for i := range c {
		c[i].First, c[i].Last = slices.Clone(c[i].First), slices.Clone(c[i].Last)
	}
	return c
}

// A proof in which anything was changed does not verify.
func TestChangedProofsAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		tree := build(t, leaves)
		i := rapid.IntRange(0, len(leaves)-1).Draw(t, "leaf")
		root, leaf, path := tree.Root(), leaves[i], clonePath(prove(t, tree, i))
		offset := tree.ends[i] - leaf.Amount

		kinds := 6
		if len(path) > 0 {
			kinds = 15
		}
		n := &Node{}
		if len(path) > 0 {
			n = &path[rapid.IntRange(0, len(path)-1).Draw(t, "node")]
		}
		at := rapid.IntRange(0, 31).Draw(t, "byte")
		switch rapid.IntRange(0, kinds-1).Draw(t, "change") {
		case 0:
			root.Hash[at] ^= 1
		case 1:
			root.Sum += rapid.Uint64Min(1).Draw(t, "sum")
		case 2:
			root.Count += rapid.Uint64Min(1).Draw(t, "count")
		case 3:
			leaf.Amount += rapid.Uint64Min(1).Draw(t, "amount")
		case 4:
			leaf.Evidence[at] ^= 1
		case 5:
			leaf.Key = slices.Clone(leaf.Key)
			leaf.Key[at] ^= 1
		case 6:
			n.Hash[at] ^= 1
		case 7:
			n.Sum += rapid.Uint64Min(1).Draw(t, "node sum")
		case 8:
			n.Count += rapid.Uint64Min(1).Draw(t, "node count")
		case 9:
			n.First[at] ^= 1
		case 10:
			n.Last[at] ^= 1
		case 11:
			n.Left = !n.Left
		case 12:
			path = path[:len(path)-1]
		case 13:
			path = append(path, path[len(path)-1])
		case 14:
			n.First = n.First[:rapid.IntRange(0, LeafKeyLen-1).Draw(t, "length")]
		}
		_, err := Verify(root, offset, leaf, path)
		require.Error(t, err)
	})
}

func TestHostilePaths(t *testing.T) {
	leaves := testLeaves(2, 5, 6, 7, 8, 9)
	tree := build(t, leaves)
	root := tree.Root()
	good := func() Path { return clonePath(prove(t, tree, 1)) }
	for name, test := range map[string]struct {
		leaf   func(*Leaf)
		change func(Path) Path
		want   error
	}{
		"65 nodes":          {change: func(Path) Path { return make(Path, MaxPath+1) }, want: ErrMalformed},
		"a million nodes":   {change: func(Path) Path { return make(Path, 1_000_000) }, want: ErrMalformed},
		"empty nodes":       {change: func(Path) Path { return make(Path, MaxPath) }, want: ErrMalformed},
		"no path":           {change: func(Path) Path { return nil }, want: ErrProof},
		"huge key":          {change: func(p Path) Path { p[0].First = make(Key, 1<<20); return p }, want: ErrMalformed},
		"sibling of 0 utop": {change: func(p Path) Path { p[0].Sum = 0; return p }, want: ErrMalformed},
		"no vouchers":       {change: func(p Path) Path { p[0].Count = 0; return p }, want: ErrMalformed},
		"vouchers of 0":     {change: func(p Path) Path { p[0].Count = p[0].Sum + 1; return p }, want: ErrMalformed},
		"sum overflows":     {change: func(p Path) Path { p[0].Sum = 1<<64 - 1; return p }, want: ErrOverflow},
		"offset overflows": {change: func(p Path) Path {
			p[0].Sum, p[0].Left = 1<<63, true
			p[1].Sum, p[1].Left = 1<<63, true
			p[1].First, p[1].Last, p[1].Count = make(Key, LeafKeyLen), make(Key, LeafKeyLen), 1
			return p
		}, want: ErrOverflow},
		"count overflows":     {change: func(p Path) Path { p[1].Sum, p[1].Count = 1<<64-12, 1<<64-12; return p }, want: ErrOverflow},
		"range upside down":   {change: func(p Path) Path { p[1].First, p[1].Last = p[1].Last, p[1].First; return p }, want: ErrMalformed},
		"one voucher, 2 keys": {change: func(p Path) Path { p[0].Last = testKey(0, 1); return p }, want: ErrMalformed},
		"range overlaps":      {change: func(p Path) Path { p[1].First = testKey(0, 1); return p }, want: ErrProof},
		"leaf of 0":           {leaf: func(l *Leaf) { l.Amount = 0 }, want: ErrMalformed},
		"leaf without key":    {leaf: func(l *Leaf) { l.Key = nil }, want: ErrMalformed},
		"leaf with huge key":  {leaf: func(l *Leaf) { l.Key = make(Key, 1<<20) }, want: ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			leaf, path := leaves[1], good()
			if test.leaf != nil {
				test.leaf(&leaf)
			}
			if test.change != nil {
				path = test.change(path)
			}
			_, err := Verify(root, 5, leaf, path)
			require.ErrorIs(t, err, test.want)
		})
	}
	_, err := Verify(root, 5, leaves[1], good())
	require.NoError(t, err)
	_, err = Verify(root, 1<<64-1, leaves[1], good())
	require.ErrorIs(t, err, ErrPoint)
}

// The attack on Maxwell's tree (ePrint 2018/1139), where a parent carries the total alone: a provider claims 100 utop over leaves of 5 and 6 and shows each of them
// beside a sibling that fills the rest. At most one of the two stories can be in the hash.
func TestSiblingSumsAreCommitted(t *testing.T) {
	leaves := testLeaves(2, 5, 6)
	l, r := leaves[0].node(), leaves[1].node()
	bigLeft, bigRight := l, r
	bigLeft.Sum, bigRight.Sum = 94, 95
	bigLeft.Left = true
	for story, hash := range [][32]byte{hashPair(l, bigRight), hashPair(bigLeft, r)} {
		root := Root{Hash: hash, Sum: 100, Count: 2}
		_, errLeft := Verify(root, 0, leaves[0], Path{bigRight})
		_, errRight := Verify(root, 99, leaves[1], Path{bigLeft})
		if story == 0 {
			require.NoError(t, errLeft)
			require.ErrorIs(t, errRight, ErrProof)
		} else {
			require.ErrorIs(t, errLeft, ErrProof)
			require.NoError(t, errRight)
		}
	}
}
