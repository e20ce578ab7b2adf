//go:build process

package process

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// trusting is short enough to pass several times in a test, and long enough for a loaded machine to refresh a client within.
const trusting = 30 * time.Second

// Clients that trust for half a minute are refreshed before they expire, with nothing else to do: after a whole trusting period packets pass in both directions.
func TestClientsAreRefreshedBeforeTheyExpire(t *testing.T) {
	build, err := filepath.Abs("../../build")
	require.NoError(t, err)
	small, err := localnet.Start(t.Context(), localnet.Config{
		Dir: filepath.Join(build, "test-trusting"), Bin: build, Validators: 1, ServiceValidators: 1, Providers: 1, Users: 1, TimeoutCommit: 500 * time.Millisecond,
		EpochBlocks: 10, TrustingPeriod: trusting, Logf: t.Logf,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, small.Stop()) })
	relayer := small.Process(localnet.RelayerName)
	main, err := chain.Dial(t.Context(), chain.Config{GRPC: small.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	t.Cleanup(func() { _ = main.Close() })
	service, err := chain.Dial(t.Context(), chain.Config{GRPC: small.Service.Nodes[0].GRPC})
	require.NoError(t, err)
	t.Cleanup(func() { _ = service.Close() })
	key, err := chain.FromMnemonic(small.Users[0].Mnemonic)
	require.NoError(t, err)

	await := func(what string, condition func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		require.NoError(t, process.Await(ctx, what, condition, relayer))
	}
	heights := map[string]map[string]bool{small.Clients.Main: {}, small.Clients.Service: {}}
	began, err := main.Time(t.Context())
	require.NoError(t, err)
	await("refreshed clients for longer than they trust", func(ctx context.Context) error {
		for _, side := range []struct {
			chain  *localnet.Chain
			client string
		}{{small.Main, small.Clients.Main}, {small.Service, small.Clients.Service}} {
			var answer struct {
				State struct {
					Trusting string `json:"trusting_period"`
					Latest   struct {
						Height string `json:"revision_height"`
					} `json:"latest_height"`
				} `json:"client_state"`
			}
			if err := side.chain.REST().Get(ctx, "/ibc/core/client/v1/client_states/"+side.client, &answer); err != nil {
				return err
			}
			require.Equal(t, fmt.Sprintf("%ds", int(trusting.Seconds())), answer.State.Trusting)
			heights[side.client][answer.State.Latest.Height] = true
		}
		now, err := main.Time(ctx)
		if err == nil && now.Sub(began) <= trusting+trusting/3 {
			err = fmt.Errorf("%s have passed", now.Sub(began))
		}
		return err
	})
	for client, seen := range heights {
		require.GreaterOrEqual(t, len(seen), 3, "%s was refreshed", client)
	}

	_, err = main.Send(t.Context(), key, &billingtypes.MsgDeposit{Owner: key.Address(), Amount: 1000},
		&billingtypes.MsgOpenCreditLine{Owner: key.Address(), ChainId: small.Service.ID, Amount: 1000})
	require.NoError(t, err)
	credits := usagetypes.NewQueryClient(service.Conn())
	await("a packet to the service chain", func(ctx context.Context) error {
		_, err := credits.Credit(ctx, &usagetypes.QueryCreditRequest{Owner: key.Address()})
		return err
	})
	_, err = service.Send(t.Context(), key, &usagetypes.MsgRelease{Owner: key.Address(), Amount: 400})
	require.NoError(t, err)
	lines := billingtypes.NewQueryClient(main.Conn())
	await("a packet to the main chain", func(ctx context.Context) error {
		res, err := lines.Escrow(ctx, &billingtypes.QueryEscrowRequest{Owner: key.Address()})
		if err == nil && res.Escrow.Free != 400 {
			err = fmt.Errorf("%d utop are back", res.Escrow.Free)
		}
		return err
	})
}
