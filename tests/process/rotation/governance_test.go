//go:build process

package rotation

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

const (
	// moreSeats and moreSealers are what governance decides on.
	moreSeats   = 6
	moreSealers = 3
)

// enlarge lets governance change how committees are drawn: the next epochs have more sealers, and later ones a larger committee.
func enlarge(t *testing.T) {
	client := dial(t)
	query := sortitiontypes.NewQueryClient(client.Conn())
	before, err := query.Params(t.Context(), &sortitiontypes.QueryParamsRequest{})
	require.NoError(t, err)
	wanted := before.Params
	wanted.MaxMembers, wanted.Sealers, wanted.SealBlocks = moreSeats, moreSealers, 2
	decide(t, client, &sortitiontypes.MsgUpdateParams{Authority: authtypes.NewModuleAddress("gov").String(), Params: wanted})
	after, err := query.Params(t.Context(), &sortitiontypes.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, wanted, after.Params)

	decided := currentEpoch(t)
	await(t, "an epoch with more sealers", func(ctx context.Context) error {
		r, err := query.Record(ctx, &sortitiontypes.QueryRecordRequest{Epoch: decided + 1})
		if err == nil && len(r.Record.Sealers) != moreSealers {
			err = fmt.Errorf("%d sealers", len(r.Record.Sealers))
		}
		return err
	})
	await(t, "a larger committee", func(ctx context.Context) error { return size(ctx, moreSeats) })
}

// dial the main chain's first node, with the messages that tests send.
func dial(t *testing.T) *chain.Client {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, Register: func(r codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(r)
		sortitiontypes.RegisterInterfaces(r)
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// decide lets all first validators propose and accept a message, and waits until it is executed.
func decide(t *testing.T, client *chain.Client, msg sdk.Msg) {
	t.Helper()
	voters, err := net.Voters()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, localnet.Decide(ctx, client, voters, msg))
}

// currentEpoch of the main chain.
func currentEpoch(t *testing.T) uint64 {
	t.Helper()
	var answer struct {
		Epoch localnet.Uint `json:"epoch"`
	}
	require.NoError(t, net.Main.REST().Get(t.Context(), "/top/billing/v1/epoch", &answer))
	return uint64(answer.Epoch)
}
