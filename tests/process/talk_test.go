//go:build process

package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// talkers among the network's users: nobody else spends their credit.
var talkers = []int{4, 5}

// talk is two users who write to each other without pause, whatever happens to their providers.
type talk struct {
	t      *testing.T
	users  []*play.User
	hush   context.CancelFunc
	wg     sync.WaitGroup
	bodies [2][]string
	failed [2]error
}

func newTalk(t *testing.T) *talk {
	t.Helper()
	k := &talk{t: t}
	for _, number := range talkers {
		key := net.Users[number]
		u, err := play.StartUser(t.Context(), net, key)
		require.NoError(t, err)
		k.users = append(k.users, u)
		t.Cleanup(func() {
			if net.Process(key.Name) != nil {
				require.NoError(t, net.Expel(key.Name))
			}
		})
	}
	ctx, hush := context.WithCancel(t.Context())
	k.hush = hush
	t.Cleanup(hush)
	for i, u := range k.users {
		k.wg.Go(func() {
			for n := 0; ctx.Err() == nil && k.failed[i] == nil; n++ {
				body := fmt.Sprintf("%s whatever happens, %d of %s", play.Marker, n, u.Key.Name)
				k.bodies[i] = append(k.bodies[i], body)
				k.failed[i] = u.Send(t.Context(), k.users[1-i], body)
			}
		})
	}
	return k
}

// paidInFull ends the talk. Every message has arrived once, and what the users signed is what the providers get: no pay is lost, none is paid twice.
func (k *talk) paidInFull() {
	t := k.t
	t.Helper()
	k.hush()
	k.wg.Wait()
	require.NoError(t, errors.Join(k.failed[:]...))
	for i, u := range k.users {
		require.NoError(t, u.AwaitDelivery(t.Context()))
		require.Greater(t, len(k.bodies[i]), 1)
		for _, body := range k.bodies[i] {
			require.Equal(t, 1, k.users[1-i].Received(body), body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	require.NoError(t, process.Await(ctx, "pay for what was signed", func(ctx context.Context) error {
		for _, u := range k.users {
			bill := u.Bill()
			spent, err := spentBy(ctx, u.Key.Address)
			if err != nil {
				return err
			}
			// Both over all the talks that a user has had.
			if bill.Due == 0 || bill.Due != bill.Vouchered || bill.Vouchered != spent {
				return fmt.Errorf("%s used %d utop, signed %d, and claims took %d", u.Key.Name, bill.Due, bill.Vouchered, spent)
			}
		}
		books, err := play.ReadBooks(ctx, net)
		return errors.Join(err, books.Unsettled)
	}))
	require.NoError(t, play.CheckInvariants(t.Context(), net))
	for _, u := range k.users {
		require.NoError(t, u.Quit(t.Context(), net))
	}
}
