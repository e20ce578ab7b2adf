//go:build process

package lifecycle

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
)

// voters are the accounts whose votes count: validators by their stake on the main chain, operators by their power on the service chain.
func (s side) voters(t *testing.T) []*chain.Key {
	t.Helper()
	if s.Kind == "main" {
		keys, err := net.Voters()
		require.NoError(t, err)
		return keys
	}
	var accounts []localnet.Key
	bz, err := os.ReadFile(filepath.Join(net.Dir, "service", "operators.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(bz, &accounts))
	require.Len(t, accounts, len(s.Nodes))
	keys := make([]*chain.Key, len(accounts))
	for i, account := range accounts {
		var err error
		keys[i], err = chain.FromMnemonic(strings.TrimSpace(account.Mnemonic))
		require.NoError(t, err)
	}
	return keys
}

// dial the chain's first node, with the messages that governance needs.
func (s side) dial(t *testing.T) *chain.Client {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: s.Nodes[0].GRPC, ChainID: s.ID, Register: func(registry codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(registry)
		upgradetypes.RegisterInterfaces(registry)
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// decide lets everyone who has a vote propose and accept a message, and waits until it is executed.
func (s side) decide(t *testing.T, client *chain.Client, msg sdk.Msg) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, localnet.Decide(ctx, client, s.voters(t), msg))
}

func authority() string { return authtypes.NewModuleAddress("gov").String() }

// scheduleUpgrade lets the chain decide on an upgrade in blocks from now. It returns the plan's height.
func (s side) scheduleUpgrade(t *testing.T, name, info string, blocks int64) int64 {
	t.Helper()
	client := s.dial(t)
	now, err := client.Height(t.Context())
	require.NoError(t, err)
	plan := upgradetypes.Plan{Name: name, Height: now + blocks, Info: info}
	s.decide(t, client, &upgradetypes.MsgSoftwareUpgrade{Authority: authority(), Plan: plan})
	scheduled, err := upgradetypes.NewQueryClient(client.Conn()).CurrentPlan(t.Context(), &upgradetypes.QueryCurrentPlanRequest{})
	require.NoError(t, err)
	require.NotNil(t, scheduled.Plan, "%s passed the proposal too late for height %d", s.ID, plan.Height)
	require.Equal(t, plan.Height, scheduled.Plan.Height)
	return plan.Height
}
