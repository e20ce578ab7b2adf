package edge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// A shard ends, and its children answer a while later. A wallet notices nothing: what the shard took too late is carried over, what comes meanwhile waits, and what was in its blocks is found there.
func TestAShardThatEnds(t *testing.T) {
	before, after := parse(t, "0 left\n1 right\n"), parse(t, "0 left\n10 first\n11 second\n")
	left, right := newFake(t, "left", before, began), newFake(t, "right", before, began)
	first, second := newFake(t, "first", after, began), newFake(t, "second", after, began)
	for _, child := range []*fake{first, second} {
		child.network, child.parents = "not yet", []string{"right"}
	}
	r := start(t, testConfig(t, left, right, first, second))
	u := userIn(t, after, "second")
	rpc := rpcTo(t, r, "")
	old, late, held := u.send(u.address, 1), u.send(u.address, 2), u.send(u.address, 3)
	for _, tx := range []cmttypes.Tx{old, late} {
		sent, err := rpc.BroadcastTxSync(t.Context(), tx)
		require.NoError(t, err)
		require.Zero(t, sent.Code, sent.Log)
	}
	// The first of both was executed, and the shard has ended.
	right.set(func() { right.txs[9], right.ended = cmttypes.Txs{old}, true })
	second.set(func() { second.received = cmttypes.Txs{old} })
	left.set(func() { left.table = after })
	done := make(chan error, 1)
	go func() {
		sent, err := rpc.BroadcastTxSync(t.Context(), held)
		if err == nil && sent.Code != 0 {
			err = errors.New(sent.Log)
		}
		done <- err
	}()
	require.Eventually(t, func() bool { return right.count("broadcast") == 3 }, patience, pulse, "it was asked, and refuses")
	for _, child := range []*fake{first, second} {
		child.set(func() { child.network = "top-1" })
	}
	require.NoError(t, <-done)
	second.set(func() {
		require.Equal(t, cmttypes.Txs{old, late, held}, second.received, "in their order")
	})
	found, err := rpc.Tx(t.Context(), old.Hash(), false)
	require.NoError(t, err)
	require.EqualValues(t, 9, found.Height, "in a block of the shard that has ended")
}

// Two shards become one. They still answer, with the table that they were in; what they say of it counts no more, and what they took too late is carried over.
func TestTwoShardsBecomeOne(t *testing.T) {
	before, after := parse(t, "00 first\n01 second\n1 other\n"), parse(t, "0 one\n1 other\n")
	first, second, other, one := newFake(t, "first", before, began), newFake(t, "second", before, began), newFake(t, "other", before, began), newFake(t, "one", after, began)
	one.network, one.parents = "not yet", []string{"first", "second"}
	r := start(t, testConfig(t, first, second, other, one))
	u := userIn(t, before, "second")
	rpc := rpcTo(t, r, "")
	late, held := u.send(u.address, 1), u.send(u.address, 2)
	sent, err := rpc.BroadcastTxSync(t.Context(), late)
	require.NoError(t, err)
	require.Zero(t, sent.Code, sent.Log)
	for _, f := range []*fake{first, second} {
		f.set(func() { f.ended = true })
	}
	other.set(func() { other.table = after })
	one.set(func() { one.network = "top-1" })
	sent, err = rpc.BroadcastTxSync(t.Context(), held)
	require.NoError(t, err)
	require.Zero(t, sent.Code, sent.Log)
	one.set(func() { require.Equal(t, cmttypes.Txs{late, held}, one.received, "in their order") })
}

// Of the shards that were before, those that had an account are asked for its history, and no others; what was paid to it by a shard that has split is found there, however often it is looked for.
func TestHistoryOfShardsThatWere(t *testing.T) {
	const first, second, joined, old, payer = "top-z0.s00-1", "top-z0.s01-1", "top-z0.s0-2", "top-z0.s1-1", "top-z0.s11-1"
	before := parse(t, "00 "+first+"\n01 "+second+"\n1 "+old+"\n")
	after := parse(t, "0 "+joined+"\n10 top-z0.s10-1\n11 "+payer+"\n")
	fakes := map[string]*fake{}
	for _, route := range append(before, after...) {
		table := after
		if _, ok := prefix(before, route.Name); ok {
			table = before
		}
		fakes[route.Name] = newFake(t, route.Name, table, began)
	}
	fakes[joined].parents, fakes[payer].parents, fakes["top-z0.s10-1"].parents = []string{first, second}, []string{old}, []string{old}
	for _, name := range []string{first, second, old} {
		fakes[name].ended = true
	}
	u, from := userIn(t, before, first), userIn(t, after, payer)
	paid := from.send(u.address, 1)
	fakes[old].txs[3] = cmttypes.Txs{paid}
	// A shard that goes on from another has none of its blocks.
	fakes[payer].since = 5
	fakes[joined].arrived = []latticetypes.Unit{{Kind: "receive", Peer: sendtx.Bech32(from.address), Transaction: paid.Hash()}}
	r := start(t, testConfig(t, slices.Collect(maps.Values(fakes))...))
	rpc := rpcTo(t, r, "")
	for range 3 {
		found, err := rpc.TxSearch(t.Context(), fmt.Sprintf("transfer.recipient='%s'", sendtx.Bech32(u.address)), false, nil, nil, "")
		require.NoError(t, err)
		require.Equal(t, 1, found.TotalCount)
		require.Equal(t, paid, found.Txs[0].Tx)
	}
	require.Zero(t, fakes[second].count("tx_search"))
	require.Positive(t, fakes[first].count("tx_search"))
}
