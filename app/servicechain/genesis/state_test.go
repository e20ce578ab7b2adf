package genesis_test

import (
	"testing"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// A corrected set-chain leaves what a first one would; windows that somebody has set stay.
func TestSetChainAgain(t *testing.T) {
	app := servicechain.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, false)
	operator := app.Authority
	chain := func(epochBlocks uint64) usagetypes.Chain {
		return usagetypes.Chain{ServiceType: "messaging", MainChainId: "top-main-1", EpochBlocks: epochBlocks, Operator: operator}
	}
	usage := func(state genesis.State) (gs usagetypes.GenesisState) {
		require.NoError(t, app.Codec.UnmarshalJSON(state[usagetypes.ModuleName], &gs))
		return gs
	}
	state := app.DefaultGenesis()
	for _, epochBlocks := range []uint64{3, 600, 20} {
		require.NoError(t, genesis.SetChain(app.Codec, state, chain(epochBlocks)))
		require.Equal(t, usagetypes.ParamsFor(epochBlocks), usage(state).Params, "epochs of %d blocks", epochBlocks)
	}
	gs := usage(state)
	gs.Params.MaxDebits = 7
	state[usagetypes.ModuleName] = app.Codec.MustMarshalJSON(&gs)
	require.NoError(t, genesis.SetChain(app.Codec, state, chain(600)))
	require.Equal(t, gs.Params, usage(state).Params, "what somebody has set")
}
