package sdk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk"
)

// More credit than the session key may spend comes with a new key; what the old one owes is still signed, also by a client that was closed in between.
func TestSessionKeyIsReplaced(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	quiet := func(c *sdk.Config) { c.Quiet, c.VoucherPeriod = true, time.Hour }
	alice, bob := newUser(t, w, "alice", quiet), newUser(t, w, "bob", quiet)
	in := bob.Receive(t.Context())
	send := func(text string) {
		id, err := alice.Send(t.Context(), bob.Contact(), text)
		require.NoError(t, err)
		require.Equal(t, id, next(t, in).ID)
	}
	send("under the first key")
	keys := func() (list []string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for key := range w.keys[alice.Address()] {
			if _, ended := w.ended[key]; !ended {
				list = append(list, key)
			}
		}
		return list
	}
	first := keys()
	require.Len(t, first, 1)
	n.stop()
	require.NoError(t, alice.EnsureCredit(t.Context(), 50_000_000))
	second := keys()
	require.Len(t, second, 1, "the first one is ended")
	require.NotEqual(t, first, second)
	require.NoError(t, alice.Close())

	n.start()
	alice.open(t, quiet)
	send("under the second key")
	require.Equal(t, second, keys(), "the same as before the restart")
	w.roll()
	require.Eventually(t, func() bool { return w.paidTo(n.address) == 2*120 }, 20*time.Second, 10*time.Millisecond)
}
