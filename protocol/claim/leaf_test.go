package claim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// testKey is a leaf key with number i of its payer and session; keys ascend with (payer, i).
func testKey(payer byte, i int) Key {
	p, s := make([]byte, PayerLen), make([]byte, SessionLen)
	p[0] = payer
	binary.BigEndian.PutUint64(s, uint64(i))
	session := sha256.Sum256(p)
	k, err := LeafKey(p, session[:], s)
	if err != nil {
		panic(err)
	}
	return k
}

// testLeaves has one leaf per amount, in runs of run leaves per payer.
func testLeaves(run int, amounts ...uint64) []Leaf {
	leaves := make([]Leaf, len(amounts))
	for i, a := range amounts {
		leaves[i] = Leaf{Key: testKey(byte(i/run), i), Amount: a, Evidence: sha256.Sum256(fmt.Append(nil, "evidence ", i))}
	}
	return leaves
}

func build(t require.TestingT, leaves []Leaf) *Tree {
	tree, err := Build(leaves)
	require.NoError(t, err)
	return tree
}

func prove(t require.TestingT, tree *Tree, index int) Path {
	path, err := tree.Prove(index)
	require.NoError(t, err)
	return path
}

// drawLeaves has small sums, so that every point can be looked at.
func drawLeaves(t *rapid.T) []Leaf {
	amounts := rapid.SliceOfN(rapid.Uint64Range(1, 20), 1, 40).Draw(t, "amounts")
	return testLeaves(rapid.IntRange(1, 5).Draw(t, "run"), amounts...)
}

func TestLeafKey(t *testing.T) {
	k, err := LeafKey(make([]byte, 20), make([]byte, 32), make([]byte, 32))
	require.NoError(t, err)
	require.Len(t, k, 84)
	require.Len(t, k.Payer(), 20)
	require.Len(t, k.SessionKey(), 32)
	for _, lengths := range [][3]int{{0, 0, 0}, {19, 32, 32}, {21, 32, 32}, {20, 31, 32}, {20, 32, 33}, {32, 20, 32}, {1 << 20, 32, 32}} {
		_, err := LeafKey(make([]byte, lengths[0]), make([]byte, lengths[1]), make([]byte, lengths[2]))
		require.ErrorIs(t, err, ErrMalformed, "%v", lengths)
	}
	for _, k := range []Key{nil, {}, make(Key, 83), make(Key, 85)} {
		require.Nil(t, k.Payer())
		require.Nil(t, k.SessionKey())
	}
	// Writing past a part must not reach the next one.
	_ = append(k.Payer(), 1)
	require.Equal(t, make([]byte, 32), k.SessionKey())
}
