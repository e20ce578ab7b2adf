package lattice

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Units behind a proven record are believed when they lead to its head.
func TestUnitsLeadToTheHead(t *testing.T) {
	r := Record{Address: address(1)}
	var units []Unit
	for n := range uint64(5) {
		u := Unit{Account: r.Address, Number: n + 1, Previous: r.Head, Before: r.Height, Kind: Receive, Peer: address(2), Amount: Balance{Utop: n}, Balance: Balance{Utop: n * n}}
		r.Head, r.Units, r.Height = u.Hash(), u.Number, 10+2*n
		units = append(units, u)
	}
	for n := range units {
		require.NoError(t, CheckChain(r, units[n:]))
	}
	require.NoError(t, CheckChain(r, nil))
	for says, change := range map[string]func([]Unit) []Unit{
		"another amount":  func(u []Unit) []Unit { u[2].Amount.Utop++; return u },
		"another balance": func(u []Unit) []Unit { u[0].Balance.Utop++; return u },
		"another height":  func(u []Unit) []Unit { u[1].Before++; return u },
		"a gap":           func(u []Unit) []Unit { return append(u[:1], u[2:]...) },
		"not the last":    func(u []Unit) []Unit { return u[:4] },
		"one too many":    func(u []Unit) []Unit { return append([]Unit{{Account: r.Address}}, u...) },
	} {
		require.ErrorIs(t, CheckChain(r, change(slices.Clone(units))), ErrProof, says)
	}
}

// A unit has one encoding, and what follows it stays.
func TestUnitEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t, address(1))
		u := Unit{
			Account: address(1), Number: r.Units, Previous: r.Head, Before: r.Height, Kind: rapid.SampledFrom([]UnitKind{Send, Receive, Return}).Draw(t, "kind"),
			Sequence: r.Sequence, Peer: address(2), Amount: Balance{Utop: 5}, Balance: r.Balance, Transaction: Hash{7},
		}
		bz := append(u.Append(nil), "rest"...)
		got, rest, err := DecodeUnit(bz)
		require.NoError(t, err)
		require.Equal(t, u, got)
		require.Equal(t, "rest", string(rest))
		_, _, err = DecodeUnit(bz[:rapid.IntRange(0, len(bz)-5).Draw(t, "cut")])
		require.ErrorIs(t, err, ErrMalformed)
	})
}
