package sdk_test

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk"
)

// openKeys are an account's session keys that have not ended.
func (w *world) openKeys(account string) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.keys[account] {
		if _, ended := w.ended[key]; !ended {
			list = append(list, key)
		}
	}
	return list
}

// refuses new session keys and the end of old ones.
func (w *world) refuses(newKey, end error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuseKey, w.refuseEnd = newKey, end
}

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
	keys := func() []string { return w.openKeys(alice.Address()) }
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

// A new session key that cannot be paid for takes nothing away from the one in use, and the attempt after it goes on with the same key.
func TestSessionKeyIsReplacedOnceItIsPaidFor(t *testing.T) {
	w := newWorld()
	newNode(t, w, "p1")
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	in := bob.Receive(t.Context())
	send := func(text string) {
		id, err := alice.Send(t.Context(), bob.Contact(), text)
		require.NoError(t, err)
		require.Equal(t, id, next(t, in).ID)
	}
	send("before")
	first := w.openKeys(alice.Address())
	broke := errors.New("insufficient funds")
	w.refuses(broke, nil)
	require.ErrorIs(t, alice.EnsureCredit(t.Context(), 50_000_000), broke)
	kept, err := os.ReadFile(filepath.Join(alice.home, "session.next.key"))
	require.NoError(t, err)
	require.Equal(t, first, w.openKeys(alice.Address()))
	send("still under the first key")

	require.NoError(t, alice.Close())
	alice.open(t)
	w.refuses(nil, nil)
	require.NoError(t, alice.EnsureCredit(t.Context(), 50_000_000))
	require.Equal(t, []string{string(ed25519.NewKeyFromSeed(kept).Public().(ed25519.PublicKey))}, w.openKeys(alice.Address()))
	send("under the second key")
}

// An old key whose end the chains did not hear of is ended with the next credit, also by a client that was closed in between; no session goes on under it.
func TestReplacedSessionKeyIsEnded(t *testing.T) {
	w := newWorld()
	newNode(t, w, "p1")
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	in := bob.Receive(t.Context())
	send := func(text string) {
		id, err := alice.Send(t.Context(), bob.Contact(), text)
		require.NoError(t, err)
		require.Equal(t, id, next(t, in).ID)
	}
	send("under the first key")
	first := w.openKeys(alice.Address())[0]
	w.refuses(nil, errors.New("the node is away"))
	require.NoError(t, alice.EnsureCredit(t.Context(), 50_000_000), "the credit is there")
	require.Len(t, w.openKeys(alice.Address()), 2)
	send("under the second key")
	require.Eventually(t, func() bool {
		for _, s := range alice.Bill().Sessions {
			if s.Due > s.Vouchered {
				return false
			}
		}
		return true
	}, 20*time.Second, 10*time.Millisecond, "the first session's last voucher")
	require.NoError(t, alice.Close())

	w.refuses(nil, nil)
	alice.open(t)
	require.NoError(t, alice.EnsureCredit(t.Context(), 1_000_000))
	left := w.openKeys(alice.Address())
	require.Len(t, left, 1)
	require.NotEqual(t, first, left[0])
	send("under the second key")
}
