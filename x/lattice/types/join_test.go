package types

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
)

const (
	elder      = "top-z0.s0-1"
	heirOfBoth = "top-z0.s0-2"
	stranger   = "top-z0.s1-1"
)

var twins = [2]string{"top-z0.s00-1", "top-z0.s01-1"}

func cursor(height uint64) Cursor {
	return Cursor{Height: height, Hash: bytes.Repeat([]byte{byte(height)}, lattice.HashSize)}
}

func coins(utop int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin("utop", utop)) }

func membersOf(ledger string, term uint64) Members {
	return Members{Ledger: ledger, Term: term, FirstHeight: 1, Power: 1, Keys: [][]byte{bytes.Repeat([]byte(ledger[len(ledger)-1:]), 32)}}
}

// half of a shard that was split, as it leaves itself to what becomes of both.
func half(side int) *GenesisState {
	gs := DefaultGenesisState()
	gs.Shard.PrefixBits, gs.Shard.PrefixLen, gs.Shard.Parents = uint32(side), 2, []string{elder, twins[side]}
	gs.Routing = RoutingTable{Version: 5, Routes: []Route{{PrefixBits: 0, PrefixLen: 2, Name: twins[0]}, {PrefixBits: 1, PrefixLen: 2, Name: twins[1]}, {PrefixBits: 1, PrefixLen: 1, Name: stranger}}}
	gs.Inherited = &Inherited{Root: bytes.Repeat([]byte{byte(side + 1)}, lattice.HashSize), Accounts: 10}
	gs.Members = []Members{membersOf(twins[1-side], 1), membersOf(stranger, uint64(side+1))}
	gs.Burned = uint64(side + 1)
	gs.Inboxes = []NamedInbox{
		{Source: stranger + ">" + elder, Inbox: Inbox{Taken: cursor(uint64(10 + side)), Total: coins(100)}},
		{Source: stranger + ">" + twins[side], Inbox: Inbox{Taken: cursor(30), Total: coins(7)}},
		{Source: twins[1-side] + ">" + twins[side], Inbox: Inbox{Taken: cursor(20), Total: coins(5)}},
	}
	gs.Outboxes = []NamedOutbox{{Destination: twins[side] + ">" + stranger, Outbox: Outbox{Total: coins(9)}}, {Destination: elder + ">" + stranger, Outbox: Outbox{Total: coins(4)}}}
	gs.Standings = []Standing{{Ledger: stranger, AuditedHeight: uint64(40 + side)}}
	gs.Unaudited = []Unaudited{{Source: stranger, Height: 41, Utop: 1}, {Source: stranger, Height: 50, Utop: 2}}
	return gs
}

func TestJoin(t *testing.T) {
	l, r := half(0), half(1)
	gs, err := Join(l, r, membersOf(heirOfBoth, 1))
	require.NoError(t, err)
	require.NoError(t, gs.CheckChain(heirOfBoth))
	require.Equal(t, lattice.Prefix{Bits: 0, Len: 1}, gs.Shard.Prefix())
	require.Equal(t, []string{elder, twins[0], twins[1]}, gs.Shard.Parents)
	require.Equal(t, []Route{{PrefixBits: 0, PrefixLen: 1, Name: heirOfBoth}, {PrefixBits: 1, PrefixLen: 1, Name: stranger}}, gs.Routing.Routes)
	require.EqualValues(t, 5, gs.Routing.Version)
	root := lattice.NodeOf(lattice.Hash(l.Inherited.Root), lattice.Hash(r.Inherited.Root))
	require.Equal(t, &Inherited{Root: root[:], Accounts: 20}, gs.Inherited)
	require.Equal(t, []NamedInbox{
		{Source: twins[0] + ">" + twins[1], Inbox: Inbox{Taken: cursor(20), Total: coins(5)}},
		{Source: twins[1] + ">" + twins[0], Inbox: Inbox{Taken: cursor(20), Total: coins(5)}},
		{Source: stranger + ">" + elder, Inbox: Inbox{Taken: cursor(10), Total: coins(200)}},
		{Source: stranger + ">" + twins[0], Inbox: Inbox{Taken: cursor(30), Total: coins(7)}},
		{Source: stranger + ">" + twins[1], Inbox: Inbox{Taken: cursor(30), Total: coins(7)}},
		{Source: stranger + ">" + elder + "@01", Inbox: Inbox{Taken: cursor(11)}},
	}, gs.Inboxes)
	require.Equal(t, []NamedOutbox{
		{Destination: elder + ">" + stranger, Outbox: Outbox{Total: coins(8)}},
		{Destination: twins[0] + ">" + stranger, Outbox: Outbox{Total: coins(9)}}, {Destination: twins[1] + ">" + stranger, Outbox: Outbox{Total: coins(9)}},
	}, gs.Outboxes)
	require.Equal(t, []Standing{{Ledger: stranger, AuditedHeight: 41}}, gs.Standings)
	require.Equal(t, []Unaudited{{Source: stranger, Height: 50, Utop: 4}}, gs.Unaudited)
	require.EqualValues(t, 3, gs.Burned)
	require.Len(t, gs.Members, 5)

	// A half that has taken nothing is behind; parts from an earlier merge stay, the further one of each.
	l, r = half(0), half(1)
	l.Inboxes = append(l.Inboxes[1:], NamedInbox{Source: stranger + ">" + elder + "@001", Inbox: Inbox{Taken: cursor(8)}})
	r.Inboxes = append(r.Inboxes, NamedInbox{Source: stranger + ">" + elder + "@001", Inbox: Inbox{Taken: cursor(9)}})
	gs, err = Join(l, r, membersOf(heirOfBoth, 1))
	require.NoError(t, err)
	require.Contains(t, gs.Inboxes, NamedInbox{Source: stranger + ">" + elder, Inbox: Inbox{Total: coins(100)}})
	require.Contains(t, gs.Inboxes, NamedInbox{Source: stranger + ">" + elder + "@001", Inbox: Inbox{Taken: cursor(9)}})
	require.Contains(t, gs.Inboxes, NamedInbox{Source: stranger + ">" + elder + "@01", Inbox: Inbox{Taken: cursor(11)}})
}

func TestHalvesThatAreNotJoined(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(l, r *GenesisState, heir *Members)
		says  string
	}{
		"no accounts":     {func(l, _ *GenesisState, _ *Members) { l.Inherited = nil }, "was not left"},
		"no parents":      {func(_, r *GenesisState, _ *Members) { r.Shard.Parents = nil }, "was not left"},
		"wrong order":     {func(l, r *GenesisState, _ *Members) { *l, *r = *r, *l }, "the left one first"},
		"one twice":       {func(l, r *GenesisState, _ *Members) { *r = *l }, "the left one first"},
		"other network":   {func(l, _ *GenesisState, _ *Members) { l.Shard.Network = "top-2" }, "different networks"},
		"other rules":     {func(_, r *GenesisState, _ *Members) { r.Params.Deposit++ }, "different networks or parameters"},
		"later term":      {func(_, _ *GenesisState, m *Members) { m.Term = 2 }, "begins with term 1"},
		"not in table":    {func(_, r *GenesisState, _ *Members) { r.Routing.Version, r.Routing.Routes[0].Name = 6, "top-z0.s00-7" }, "has no " + twins[0]},
		"too much burned": {func(l, _ *GenesisState, _ *Members) { l.Burned = 1<<64 - 1 }, "more than there can be"},
		"own inbox":       {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0].Source = stranger }, "addressed to a parent"},
		"another's inbox": {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0].Source = stranger + ">" + twins[1] }, "addressed to a parent"},
		"no part":         {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0].Source += "@2" }, "digits 0 and 1"},
		"part's total":    {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0].Source += "@0" }, "total of its own"},
		"part of its own": {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0] = NamedInbox{Source: stranger + "@0"} }, "addressed to parents"},
		"no cursor":       {func(l, _ *GenesisState, _ *Members) { l.Inboxes[0].Inbox.Taken.Hash = nil }, "hash of 0 bytes"},
	} {
		l, r, heir := half(0), half(1), membersOf(heirOfBoth, 1)
		c.spoil(l, r, &heir)
		_, err := Join(l, r, heir)
		require.ErrorContains(t, err, c.says, name)
	}
}
