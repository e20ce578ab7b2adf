//go:build process

package process

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// governBilling changes x/billing's parameters by a proposal that all validators of the main chain vote for.
func governBilling(t *testing.T, params billingtypes.Params) {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, Register: func(registry codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(registry)
	}})
	require.NoError(t, err)
	defer client.Close()
	voters, err := net.Voters()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, localnet.Decide(ctx, client, voters, &billingtypes.MsgUpdateParams{Authority: authtypes.NewModuleAddress("gov").String(), Params: params}))
}
