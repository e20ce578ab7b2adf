//go:build process

package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

const (
	providerKills = 20
	// killSeed makes a failing run's moments come again.
	killSeed = 20
	// killWithin is the longest that a provider lives after it is ready; together the kills spread over several epochs, their claims and proofs.
	killWithin = 2 * time.Second
)

// spentBy what proven claims took from an account's credit.
func spentBy(ctx context.Context, owner string) (uint64, error) {
	var answer struct {
		Credit struct {
			Spent amount `json:"spent"`
		} `json:"credit"`
	}
	err := net.Service.REST().Get(ctx, "/top/usage/v1/credits/"+owner, &answer)
	var status *localnet.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		err = nil
	}
	return uint64(answer.Credit.Spent), err
}

// Providers are killed by SIGKILL at random moments while they serve, claim and prove. Every message arrives once, and what the users signed is what the providers
// get: no pay is lost, none is paid twice.
func TestProvidersKilledAtRandomMomentsLoseNoPay(t *testing.T) {
	keys := []localnet.Key{net.Users[courierUser], net.Users[rivalUser]}
	before := map[string]uint64{}
	var users []*play.User
	for _, key := range keys {
		spent, err := spentBy(t.Context(), key.Address)
		require.NoError(t, err)
		before[key.Address] = spent
		u, err := play.StartUser(t.Context(), net, key)
		require.NoError(t, err)
		users = append(users, u)
	}
	talking, hush := context.WithCancel(t.Context())
	defer hush()
	var wg sync.WaitGroup
	bodies := make([][]string, len(users))
	failed := make([]error, len(users))
	for i, u := range users {
		wg.Go(func() {
			for n := 0; talking.Err() == nil && failed[i] == nil; n++ {
				body := fmt.Sprintf("%s while providers die, %d of %s", play.Marker, n, u.Key.Name)
				bodies[i] = append(bodies[i], body)
				failed[i] = u.Send(t.Context(), users[1-i], body)
			}
		})
	}
	random := rand.New(rand.NewPCG(killSeed, 0))
	for range providerKills {
		p := net.Providers[random.IntN(len(net.Providers))]
		// The moment is what the test varies; nothing is waited for.
		<-time.After(time.Duration(random.Int64N(int64(killWithin))))
		require.NoError(t, fault.Kill(net.Process(p.Name)))
		_, err := net.Restart(p.Name)
		require.NoError(t, err)
		require.NoError(t, net.ProviderReady(t.Context(), p))
	}
	hush()
	wg.Wait()
	require.NoError(t, errors.Join(failed...))
	for i, u := range users {
		require.NoError(t, u.AwaitDelivery(t.Context()))
		require.Greater(t, len(bodies[i]), 1)
		for _, body := range bodies[i] {
			require.Equal(t, 1, users[1-i].Received(body), body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, process.Await(ctx, "pay for what was signed", func(ctx context.Context) error {
		for _, u := range users {
			bill := u.Bill()
			spent, err := spentBy(ctx, u.Key.Address)
			if err != nil {
				return err
			}
			if earned := spent - before[u.Key.Address]; bill.Due == 0 || bill.Due != bill.Vouchered || bill.Vouchered != earned {
				return fmt.Errorf("%s used %d utop, signed %d, and claims took %d", u.Key.Name, bill.Due, bill.Vouchered, earned)
			}
		}
		books, err := play.ReadBooks(ctx, net)
		return errors.Join(err, books.Unsettled)
	}))
	require.NoError(t, play.CheckInvariants(t.Context(), net))
	for _, u := range users {
		require.NoError(t, u.Quit(t.Context(), net))
	}
}
