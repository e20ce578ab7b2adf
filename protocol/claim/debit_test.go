package claim

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Debits of an honest claim name, at every point, the payer and key of the leaf there; their sum is the claim's.
func TestDebitsFollowLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		tree := build(t, leaves)
		debits := Debits(leaves)
		var sum uint64
		for i, d := range debits {
			sum += d.Amount
			for _, other := range debits[:i] {
				require.False(t, string(d.Payer) == string(other.Payer) && string(d.SessionKey) == string(other.SessionKey))
			}
		}
		require.Equal(t, tree.Root().Sum, sum)
		for point := range sum {
			i, err := tree.At(point)
			require.NoError(t, err)
			d, err := DebitAt(debits, point)
			require.NoError(t, err)
			require.Equal(t, leaves[i].Key.Payer(), d.Payer)
			require.Equal(t, leaves[i].Key.SessionKey(), d.SessionKey)
		}
		_, err := DebitAt(debits, sum)
		require.ErrorIs(t, err, ErrPoint)
	})
}

func TestDebitAtEdges(t *testing.T) {
	const most = 1<<64 - 1
	_, err := DebitAt(nil, 0)
	require.ErrorIs(t, err, ErrPoint)
	_, err = DebitAt([]Debit{{Amount: 0}, {Amount: 0}}, 0)
	require.ErrorIs(t, err, ErrPoint, "a debit of 0 covers nothing")
	d, err := DebitAt([]Debit{{Amount: 0}, {Payer: []byte("a"), Amount: most}}, most-1)
	require.NoError(t, err)
	require.Equal(t, []byte("a"), d.Payer)
	_, err = DebitAt([]Debit{{Amount: most - 1}, {Amount: 2}}, most-1)
	require.ErrorIs(t, err, ErrOverflow)
}

func TestDebitsOfUncheckedLeaves(t *testing.T) {
	require.Empty(t, Debits(nil))
	// Keys of a wrong length have no payer; sums stay at the largest value.
	d := Debits([]Leaf{{Key: nil, Amount: 1}, {Key: make(Key, 3), Amount: 2}})
	require.Equal(t, []Debit{{Amount: 3}}, d)
	k := testKey(1, 1)
	d = Debits([]Leaf{{Key: k, Amount: 1<<64 - 1}, {Key: k, Amount: 1}})
	require.EqualValues(t, uint64(1<<64-1), d[0].Amount)
}

// The root changes with every field, with the order, and with where a debit belongs.
func TestDebitRoot(t *testing.T) {
	debits := Debits(testLeaves(1, 5, 6, 7))
	base := func() []ClaimDebits {
		return []ClaimDebits{
			{Provider: "top1a", Epoch: 7, Debits: append([]Debit(nil), debits[:2]...)},
			{Provider: "top1b", Epoch: 8, Debits: append([]Debit(nil), debits[2:]...)},
		}
	}
	require.Equal(t, [32]byte{}, DebitRoot(nil))
	require.Equal(t, [32]byte{}, ClaimDebits{Provider: "top1a"}.Root())
	require.Equal(t, base()[0].Root(), DebitRoot(roots(base()[:1])), "one claim's root is the packet's")
	seen := map[[32]byte]string{{}: "nothing", DebitRoot(roots(base())): "base"}
	for name, change := range map[string]func(c []ClaimDebits) []ClaimDebits{
		"provider": func(c []ClaimDebits) []ClaimDebits { c[0].Provider = "top1b"; return c },
		"epoch":    func(c []ClaimDebits) []ClaimDebits { c[0].Epoch++; return c },
		"amount":   func(c []ClaimDebits) []ClaimDebits { c[0].Debits[0].Amount++; return c },
		"payer":    func(c []ClaimDebits) []ClaimDebits { c[0].Debits[0].Payer = bytes.Repeat([]byte{9}, 20); return c },
		"key": func(c []ClaimDebits) []ClaimDebits {
			c[0].Debits[0].SessionKey = bytes.Repeat([]byte{9}, 32)
			return c
		},
		"order of debits": func(c []ClaimDebits) []ClaimDebits { d := c[0].Debits; d[0], d[1] = d[1], d[0]; return c },
		"order of claims": func(c []ClaimDebits) []ClaimDebits { c[0], c[1] = c[1], c[0]; return c },
		"one less":        func(c []ClaimDebits) []ClaimDebits { return c[:1] },
		"one more":        func(c []ClaimDebits) []ClaimDebits { return append(c, c[1]) },
		"moved": func(c []ClaimDebits) []ClaimDebits {
			c[1].Debits = append([]Debit{c[0].Debits[1]}, c[1].Debits...)
			c[0].Debits = c[0].Debits[:1]
			return c
		},
	} {
		root := DebitRoot(roots(change(base())))
		require.Empty(t, seen[root], name)
		seen[root] = name
	}
}

func roots(claims []ClaimDebits) [][32]byte {
	out := make([][32]byte, len(claims))
	for i, c := range claims {
		out[i] = c.Root()
	}
	return out
}
