package mainchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// What a genesis gives shards is in the gate's account, once, however often it is said; and no more than accounts can hold.
func TestGenesisIssuesToShards(t *testing.T) {
	app := mainchain.New(options(), true)
	state := app.DefaultGenesis()
	gate := authtypes.NewModuleAddress(gatetypes.ModuleName).String()
	for _, utop := range []uint64{5_000_000, 7, 0, 9} {
		require.NoError(t, app.IssueToShards(state, utop))
		var gs gatetypes.GenesisState
		var bank banktypes.GenesisState
		app.Codec.MustUnmarshalJSON(state[gatetypes.ModuleName], &gs)
		app.Codec.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
		require.Equal(t, utop, gs.Issued)
		require.Equal(t, math.NewIntFromUint64(utop), bank.Supply.AmountOf(base.Denom))
		held := sdk.Coins{}
		for _, b := range bank.Balances {
			require.Equal(t, gate, b.Address)
			held = held.Add(b.Coins...)
		}
		require.Equal(t, math.NewIntFromUint64(utop), held.AmountOf(base.Denom))
	}
	require.ErrorContains(t, app.IssueToShards(state, 1<<63), "at most")
	running := gatetypes.DefaultGenesisState()
	running.Inboxes = []latticetypes.NamedInbox{{Source: "top-z0.s0-1"}}
	state[gatetypes.ModuleName] = app.Codec.MustMarshalJSON(running)
	require.ErrorContains(t, app.IssueToShards(state, 1), "network that runs")
}
