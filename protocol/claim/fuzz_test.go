package claim

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// reader cuts fuzzer bytes into values; past the end everything is zero.
type reader struct{ b []byte }

func (r *reader) next(n int) []byte {
	out := make([]byte, n)
	r.b = r.b[copy(out, r.b):]
	return out
}

func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.next(8)) }

// node reads hash, sum, count, first, last, flags. Flags cut keys short, so that wrong lengths come up.
func (r *reader) node() Node {
	n := Node{Hash: [32]byte(r.next(32)), Sum: r.u64(), Count: r.u64(), First: r.next(LeafKeyLen), Last: r.next(LeafKeyLen)}
	flags := r.next(1)[0]
	n.Left = flags&1 != 0
	if flags&2 != 0 {
		n.First = n.First[:flags>>2]
	}
	return n
}

func writeNode(b []byte, n Node) []byte {
	b = append(b, n.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, n.Sum)
	b = binary.BigEndian.AppendUint64(b, n.Count)
	b = append(append(b, n.First...), n.Last...)
	if n.Left {
		return append(b, 1)
	}
	return append(b, 0)
}

// No leaf and path but those of the tree lead to its root; no input panics.
func FuzzVerify(f *testing.F) {
	leaves := testLeaves(2, 5, 6, 7, 8, 9, 1<<40)
	tree := build(f, leaves)
	for i, l := range leaves {
		path := prove(f, tree, i)
		b := binary.BigEndian.AppendUint64(nil, tree.ends[i]-1)
		b = binary.BigEndian.AppendUint64(append(b, l.Key...), l.Amount)
		b = append(append(b, l.Evidence[:]...), byte(len(path)))
		for _, n := range path {
			b = writeNode(b, n)
		}
		f.Add(b)
		for j := 0; j < len(b); j += 53 {
			c := append([]byte(nil), b...)
			c[j] ^= 0x81
			f.Add(c)
			f.Add(b[:j])
		}
	}
	f.Add([]byte{})
	root := tree.Root()
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{data}
		point := r.u64()
		leaf := Leaf{Key: r.next(LeafKeyLen), Amount: r.u64(), Evidence: [32]byte(r.next(32))}
		path := make(Path, r.next(1)[0])
		for i := range path {
			path[i] = r.node()
		}
		offset, err := Verify(root, point, leaf, path)
		if err != nil {
			return
		}
		i, err := tree.At(point)
		require.NoError(t, err)
		require.Equal(t, leaves[i], leaf)
		require.Equal(t, tree.ends[i]-leaf.Amount, offset)

		// What verifies under a root of the attacker's choice still keeps its own bounds.
		require.Less(t, point-offset, leaf.Amount)
	})
}

// A path under a root made to fit it: the arithmetic holds even for trees that no Build made.
func FuzzVerifyOwnRoot(f *testing.F) {
	f.Add(uint64(0), uint64(1), uint64(1), uint64(1), true)
	f.Add(uint64(1)<<63, uint64(1)<<63, uint64(1)<<63, uint64(1), true)
	f.Add(uint64(1<<64-1), uint64(1<<64-2), uint64(1), uint64(1), false)
	f.Fuzz(func(t *testing.T, point, amount, sum, count uint64, left bool) {
		leaf := Leaf{Key: testKey(5, 5), Amount: amount}
		sibling := Node{Sum: sum, Count: count, First: testKey(9, 1), Last: testKey(9, 9), Left: left}
		if left {
			sibling.First, sibling.Last = testKey(1, 1), testKey(1, 9)
		}
		a, b := leaf.node(), sibling
		if left {
			a, b = b, a
		}
		root := Root{Hash: hashPair(a, b), Sum: a.Sum + b.Sum, Count: a.Count + b.Count}
		offset, err := Verify(root, point, leaf, Path{sibling})
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, root.Sum, amount, "the sum wrapped")
		require.GreaterOrEqual(t, root.Sum, sum, "the sum wrapped")
		require.Less(t, point, root.Sum)
		if left {
			require.Equal(t, sum, offset)
		} else {
			require.Zero(t, offset)
		}
	})
}

func FuzzPoints(f *testing.F) {
	f.Add([]byte("seed"), uint64(1000), uint8(4))
	f.Add([]byte{}, uint64(1)<<63+1, uint8(255))
	f.Add([]byte{}, uint64(0), uint8(4))
	f.Fuzz(func(t *testing.T, seed []byte, sum uint64, k uint8) {
		r := &reader{seed}
		points := Points([32]byte(r.next(32)), sum, uint32(k))
		if sum == 0 {
			require.Empty(t, points)
			return
		}
		require.Len(t, points, int(k))
		for _, p := range points {
			require.Less(t, p, sum)
		}
	})
}

func FuzzDebitAt(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 5, 255, 255, 255, 255, 255, 255, 255, 255}, uint64(6))
	f.Add([]byte{}, uint64(0))
	f.Fuzz(func(t *testing.T, amounts []byte, point uint64) {
		var debits []Debit
		for r := (&reader{amounts}); len(r.b) > 0; {
			debits = append(debits, Debit{Amount: r.u64()})
		}
		d, err := DebitAt(debits, point)
		if err == nil {
			require.NotZero(t, d.Amount)
		}
		_ = ClaimDebits{Debits: debits}.Root()
	})
}
