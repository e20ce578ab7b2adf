package sdk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk"
)

// TestConversation: two users write to each other, arrivals are notified, both bills are what was used, and after the
// epoch the provider is paid exactly that. No provider sees a word.
func TestConversation(t *testing.T) {
	w := newWorld()
	nodes := []*node{newNode(t, w, "p1"), newNode(t, w, "p2")}
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	fromBob, fromAlice := alice.Receive(t.Context()), bob.Receive(t.Context())

	const secret = "the owl flies at midnight, bring the blue folder"
	id, err := alice.Send(t.Context(), bob.Contact(), secret)
	require.NoError(t, err)
	m := next(t, fromAlice)
	require.Equal(t, sdk.Message{ID: id, From: alice.Contact(), Body: secret, Sent: m.Sent}, m)
	m = next(t, fromBob)
	require.Equal(t, sdk.Delivered, m.Kind)
	require.Equal(t, id, m.ID)

	// A sealed short message has 2 KiB: 100 + 2 × 10 utop.
	require.Equal(t, uint64(120), alice.Bill().Due)
	require.Equal(t, uint64(120), bob.Bill().Due, "the notification is bob's message")
	id, err = bob.Send(t.Context(), alice.Contact(), "got it")
	require.NoError(t, err)
	require.Equal(t, id, next(t, fromBob).ID)
	require.Equal(t, id, next(t, fromAlice).ID)
	require.Equal(t, uint64(240), alice.Bill().Due)

	w.roll()
	require.Eventually(t, func() bool {
		var paid uint64
		for _, n := range nodes {
			paid += w.paidTo(n.address)
		}
		return paid == 480
	}, 20*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return alice.Bill().Vouchered == 240 && bob.Bill().Vouchered == 240 }, 5*time.Second, 10*time.Millisecond)

	for _, n := range nodes {
		n.stop()
		for _, word := range []string{secret, "midnight", "got it"} {
			require.Empty(t, contains(t, n.home, []byte(word)))
			require.NotContains(t, n.log.String(), word)
		}
	}
}

// TestOffline: what is sent while the recipient is away, and while its provider restarts, arrives once when it is back.
func TestOffline(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	contact := bob.Contact()
	require.NoError(t, bob.Client.Close())
	var ids []string
	for range 5 {
		id, err := alice.Send(t.Context(), contact, "are you there?")
		require.NoError(t, err)
		ids = append(ids, id)
	}
	n.stop()
	n.start()
	bob.open(t)
	require.Equal(t, contact, bob.Contact())
	in := bob.Receive(t.Context())
	for _, id := range ids {
		require.Equal(t, id, next(t, in).ID)
	}
	select {
	case m := <-in:
		require.Fail(t, "more than was sent", m)
	case <-time.After(300 * time.Millisecond):
	}
	require.Equal(t, uint64(5*120), alice.Bill().Due)
}

// TestFailover: with one of two homes gone messages go through the other; with both gone they wait.
func TestFailover(t *testing.T) {
	w := newWorld()
	nodes := []*node{newNode(t, w, "p1"), newNode(t, w, "p2")}
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	in := bob.Receive(t.Context())
	for _, n := range nodes {
		n.stop()
		id, err := alice.Send(t.Context(), bob.Contact(), "one home is enough")
		require.NoError(t, err)
		require.Equal(t, id, next(t, in).ID)
		n.start()
	}
	for _, n := range nodes {
		n.stop()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	id, err := alice.Send(ctx, bob.Contact(), "patience")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	// The client restarts too: its outbox is on disk.
	require.NoError(t, alice.Client.Close())
	for _, n := range nodes {
		n.start()
	}
	alice.open(t)
	require.Equal(t, id, next(t, in).ID)
}

// TestEpochs: a conversation over several epochs is paid in full.
func TestEpochs(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	alice := newUser(t, w, "alice", func(c *sdk.Config) { c.Quiet = true })
	bob := newUser(t, w, "bob", func(c *sdk.Config) { c.Quiet = true })
	in := bob.Receive(t.Context())
	for i := range 20 {
		id, err := alice.Send(t.Context(), bob.Contact(), "tick")
		require.NoError(t, err)
		require.Equal(t, id, next(t, in).ID)
		if i%5 == 4 {
			w.roll()
		}
	}
	require.Eventually(t, func() bool { return w.paidTo(n.address) == 20*120 }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, uint64(20*120), alice.Bill().Due)
	require.Equal(t, uint64(20), alice.Bill().Messages)
}
