//go:build process

package process

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
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
	talk := newTalk(t)
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
	talk.paidInFull()
}
