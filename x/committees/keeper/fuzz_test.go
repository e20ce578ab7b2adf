package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/committees/types"
)

// Whatever stands in a genesis: it is refused, or CometBFT takes its committee and the chain exports it again.
func FuzzGenesis(f *testing.F) {
	n, _ := begun(f, 7)
	n.Epoch(f)
	n.Epoch(f)
	n.Epoch(f)
	gs, err := n.Committees.ExportGenesis(n.Ctx)
	require.NoError(f, err)
	raw, err := gs.Marshal()
	require.NoError(f, err)
	f.Add(raw)
	base := n.Ctx
	f.Fuzz(func(t *testing.T, raw []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(raw) != nil || gs.Validate() != nil {
			return
		}
		ctx, _ := base.CacheContext()
		updates, err := n.Committees.InitGenesis(ctx, &gs)
		if err != nil {
			return
		}
		list, err := cmttypes.PB2TM.ValidatorUpdates(updates)
		require.NoError(t, err)
		require.NotEmpty(t, list)
		require.NotPanics(t, func() { cmttypes.NewValidatorSet(list) })
		_, err = n.Committees.ExportGenesis(ctx)
		require.NoError(t, err)
	})
}

// Parameters come from governance alone, and only within their bounds.
func FuzzParams(f *testing.F) {
	n, _ := begun(f, 3)
	raw, err := (&types.MsgUpdateParams{Authority: nodes.Authority(), Params: types.DefaultParams()}).Marshal()
	require.NoError(f, err)
	f.Add(raw)
	base := n.Ctx
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m types.MsgUpdateParams
		if m.Unmarshal(raw) != nil {
			return
		}
		n.Ctx, _ = base.CacheContext()
		if _, err := nodes.Do(n.Ctx, n.Committees.UpdateParams, &m); err == nil {
			require.Equal(t, nodes.Authority(), m.Authority)
			require.NoError(t, m.Params.Validate())
		}
		require.NoError(t, n.Committees.Invariants(n.Ctx))
	})
}
