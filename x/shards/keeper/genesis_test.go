package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// again begins another chain with what the network has, and compares.
func again(t testing.TB, n *nodes.Network) {
	t.Helper()
	zones, err := n.Zones.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	shards, err := n.Shards.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	sortition, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	stake, err := n.Stake.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	next := n.After(t)
	require.NoError(t, next.Stake.InitGenesis(next.Ctx, stake))
	require.NoError(t, next.Sortition.InitGenesis(next.Ctx, sortition))
	require.NoError(t, next.Zones.InitGenesis(next.Ctx, zones))
	require.NoError(t, next.Shards.InitGenesis(next.Ctx, shards))
	require.NoError(t, next.Shards.Invariants(next.Ctx))
	same, err := next.Shards.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, shards, same)
}

func TestExport(t *testing.T) {
	n, _ := begun(t, 14, 1, four, params())
	for range 3 {
		n.Epoch(t)
	}
	c := committee(t, n, names4[2], 1)
	_, err := send(n, after(c, 3).anchor(t, n))
	require.NoError(t, err)
	_, err = report(n, word(t, n, n.Name(auditors(t, n, 1, epochOf(n)).Members[0].Operator), after(c, 3), true))
	require.NoError(t, err)
	again(t, n)
}

// First committees may be given; they are taken as they are, and auditors are drawn beside them.
func TestGivenCommittees(t *testing.T) {
	drawn, names := begun(t, 12, 0, one, params())
	given := committee(t, drawn, lone, 1)
	given.Members = given.Members[:3]
	given.ValidatorsHash = types.SetOf(given.Members).Hash()
	n := nodes.New(t)
	n.Register(t, names...)
	n.Found(t)
	zones := zonestypes.DefaultGenesisState()
	zones.Tables = []zonestypes.RoutingTable{{Version: 1, Routes: []zonestypes.Route{{Name: lone}}}}
	require.NoError(t, n.Zones.InitGenesis(n.Ctx, zones))
	gs := types.DefaultGenesisState()
	gs.Params, gs.Committees = params(), []types.Committee{given}
	require.NoError(t, n.Shards.InitGenesis(n.Ctx, gs))
	require.Equal(t, given.Members, committee(t, n, lone, 1).Members)
	n.Check(t)
}

func TestGenesisThatIsRefused(t *testing.T) {
	n, _ := begun(t, 14, 1, four, params())
	zones, err := n.Zones.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	for why, change := range map[string]func(*types.GenesisState, *zonestypes.GenesisState){
		"public sizes":        func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Params.Members = 0 },
		"no routes":           func(_ *types.GenesisState, z *zonestypes.GenesisState) { z.Tables = nil },
		"a shard is missing":  func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Shards = gs.Shards[1:] },
		"another prefix":      func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Shards[0].PrefixBits = 1 },
		"a term too many":     func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Shards[0].Term++ },
		"another hash":        func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Committees[0].ValidatorsHash = hash("x") },
		"unequal power":       func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Committees[0].Members[0].Power++ },
		"an anchor of nobody": func(gs *types.GenesisState, _ *zonestypes.GenesisState) { gs.Anchors = []types.Anchor{{Shard: "x"}} },
		"a forming one, routed": func(gs *types.GenesisState, _ *zonestypes.GenesisState) {
			gs.Shards[0].Status = types.Status_STATUS_FORMING
		},
	} {
		gs, err := n.Shards.ExportGenesis(n.Ctx)
		require.NoError(t, err)
		z := *zones
		change(gs, &z)
		next := nodes.New(t)
		require.NoError(t, next.Zones.InitGenesis(next.Ctx, &z))
		require.Error(t, next.Shards.InitGenesis(next.Ctx, gs), why)
	}
}
