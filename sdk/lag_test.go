package sdk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/sdk"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// A provider and a client that do not see the same epoch yet find together: what is used is used once, what is sent arrives and is paid once.
func TestProviderInAnotherEpoch(t *testing.T) {
	for name, ahead := range map[string]int{"behind": -1, "one ahead": 1, "two ahead": 2} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.epoch = 5
			n := newNode(t, w, "p1")
			alice := newUser(t, w, "alice", func(c *sdk.Config) { c.Quiet = true })
			bob := newUser(t, w, "bob", func(c *sdk.Config) { c.Quiet = true })
			in := bob.Receive(t.Context())
			user := account(t, "alice")
			look := func(account string) int {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.asked[account]
			}
			// Providers remember the greatest epoch that they saw: one that is behind has missed a roll.
			w.mu.Lock()
			w.ahead[n.address] = ahead
			if ahead < 0 {
				w.epoch++
			}
			w.mu.Unlock()
			before := look(n.address)
			require.Eventually(t, func() bool { return look(n.address) > before+1 }, 5*time.Second, time.Millisecond)

			providers, err := alice.Providers(t.Context())
			require.NoError(t, err)
			used, times := make(chan error, 1), 0
			before = look(user)
			go func() {
				used <- alice.Use(t.Context(), providers[0].Key, nil, "", func(context.Context, [32]byte) (bool, error) {
					times++
					return false, nil
				})
			}()
			if ahead == 1 {
				require.NoError(t, <-used, "an offer of the next epoch is taken at once")
			} else {
				// The client has been refused and looks again.
				require.Eventually(t, func() bool { return look(user) > before+1 }, 5*time.Second, time.Millisecond)
				w.mu.Lock()
				w.epoch += uint64(max(ahead, 0))
				w.ahead[n.address] = 0
				w.mu.Unlock()
				require.NoError(t, <-used)
			}
			require.Equal(t, 1, times)
			id, err := alice.Send(t.Context(), bob.Contact(), "on time")
			require.NoError(t, err)
			require.Equal(t, id, next(t, in).ID)
			require.EqualValues(t, 120, alice.Bill().Due)

			w.mu.Lock()
			w.epoch += 2
			w.ahead[n.address] = 0
			w.mu.Unlock()
			require.Eventually(t, func() bool { return w.paidTo(n.address) > 0 && alice.Bill().Vouchered == 120 }, 20*time.Second, 10*time.Millisecond)
			w.roll()
			before = look(n.address)
			require.Eventually(t, func() bool { return look(n.address) > before+5 }, 5*time.Second, time.Millisecond)
			require.EqualValues(t, 120, w.paidTo(n.address), "once")
		})
	}
}

// When the main chain closes the service chain, the provider takes the last vouchers and no new work, and is paid for what it did; so is one that has exited and starts
// again, without registering again.
func TestProviderStopsBeforeItsChainCloses(t *testing.T) {
	w := newWorld()
	w.epoch = 5
	n := newNode(t, w, "p1")
	// Nothing but the provider's word makes this client sign early.
	alice := newUser(t, w, "alice", func(c *sdk.Config) { c.Quiet, c.VoucherPeriod = true, time.Hour })
	bob := newUser(t, w, "bob", func(c *sdk.Config) { c.Quiet = true })
	in := bob.Receive(t.Context())
	id, err := alice.Send(t.Context(), bob.Contact(), "in time")
	require.NoError(t, err)
	require.Equal(t, id, next(t, in).ID)
	require.EqualValues(t, 0, alice.Bill().Vouchered)

	w.mu.Lock()
	w.closing = w.epoch + 4
	registrations := w.tries[n.address]
	w.mu.Unlock()
	require.Eventually(t, func() bool { return alice.Bill().Vouchered == 120 }, 10*time.Second, 10*time.Millisecond, "the final voucher is signed")
	providers, err := alice.Providers(t.Context())
	require.NoError(t, err)
	err = alice.Use(t.Context(), providers[0].Key, nil, "", func(context.Context, [32]byte) (bool, error) {
		require.Fail(t, "it is served")
		return false, nil
	})
	require.Equal(t, refusal.Stopped, refusal.Code(err))
	require.ErrorContains(t, err, "closes with epoch 9")
	require.Contains(t, n.log.String(), "closes with epoch 9")

	n.stop()
	w.mu.Lock()
	w.statuses[n.address] = servicestypes.ProviderStatus_PROVIDER_STATUS_EXITED
	w.epoch++
	w.mu.Unlock()
	n.start()
	require.Eventually(t, func() bool { return w.paidTo(n.address) == 120 }, 10*time.Second, 10*time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Equal(t, registrations, w.tries[n.address])
}

// A provider that starts again and waits for the main chain takes the vouchers of what it served before, and is paid for it.
func TestSlowRegistrationLosesNoPay(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	alice := newUser(t, w, "alice", func(c *sdk.Config) { c.Quiet, c.VoucherPeriod = true, time.Hour })
	bob := newUser(t, w, "bob", func(c *sdk.Config) { c.Quiet = true })
	_, err := alice.Send(t.Context(), bob.Contact(), "before the restart")
	require.NoError(t, err)
	n.stop()
	held := make(chan struct{})
	w.mu.Lock()
	w.held = held
	w.epoch++
	w.mu.Unlock()
	n.start()
	require.Eventually(t, func() bool { return w.paidTo(n.address) == 120 }, 20*time.Second, 10*time.Millisecond)
	close(held)
	_, err = alice.Send(t.Context(), bob.Contact(), "after it")
	require.NoError(t, err)
}

// A provider that starts again while the main chain is down serves on what it was told before, is paid for it, and stops at its exposure.
func TestProviderRestartedWithoutTheMainChain(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	// Delivery notifications are paid for like messages, and nobody waits for them.
	quiet := func(c *sdk.Config) { c.Quiet = true }
	alice, bob := newUser(t, w, "alice", quiet), newUser(t, w, "bob", quiet)
	in := bob.Receive(t.Context())
	send := func(text string) error {
		id, err := alice.Send(t.Context(), bob.Contact(), text)
		if err == nil {
			require.Equal(t, id, next(t, in).ID)
		}
		return err
	}
	require.NoError(t, send("before the restart"))
	n.stop()
	w.mu.Lock()
	w.mainDown = errors.New("the main chain is down")
	registrations := w.tries[n.address]
	w.mu.Unlock()
	n.exposure, n.timing.Silence = 3*120, time.Nanosecond
	n.start()
	require.NoError(t, send("the second"))
	require.NoError(t, send("the third"))
	providers, err := alice.Providers(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		err := alice.Use(t.Context(), providers[0].Key, nil, "", func(context.Context, [32]byte) (bool, error) { return true, nil })
		return refusal.Code(err) == refusal.Stopped
	}, 10*time.Second, 10*time.Millisecond, "three messages of 120 utop are all that is risked")
	require.Contains(t, n.log.String(), "provider.exposure")

	w.mu.Lock()
	require.Equal(t, registrations, w.tries[n.address])
	w.mainDown = nil
	w.mu.Unlock()
	require.Eventually(t, func() bool { return send("the main chain is back") == nil }, 20*time.Second, 10*time.Millisecond)
	w.roll()
	require.Eventually(t, func() bool { return w.paidTo(n.address) >= 4*120 }, 20*time.Second, 10*time.Millisecond)
}
