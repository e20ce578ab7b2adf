package edge

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"
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
