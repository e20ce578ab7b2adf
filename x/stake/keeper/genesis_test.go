package keeper_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/stake/types"
)

// An export that somebody edited is refused before the first block: it would stop the chain when the epoch is rated or the next committee is drawn.
func TestEditedGenesisIsRefused(t *testing.T) {
	n := nodes.New(t)
	names := nodes.Names(5)
	n.Register(t, names...)
	n.Block(t)
	n.Epoch(t)
	n.Epoch(t)
	n.Absent["node1"] = true
	n.Proposer = "node0"
	n.Blocks(t, 3)
	n.Proposer = "node2"
	n.Blocks(t, 2)
	require.NoError(t, n.Stake.RecordAbsence(n.Ctx, nodes.Operator("node3")))
	require.NoError(t, n.Stake.RecordAbsence(n.Ctx, nodes.Operator("node4")))
	entry := func(gs *types.GenesisState) *types.Entry {
		return &gs.Snapshots[len(gs.Snapshots)-1].Entries[0]
	}
	for says, edit := range map[string]func(*types.GenesisState){
		"commits by proposer":        func(gs *types.GenesisState) { gs.Tally.Proposers[0].Commits = math.MaxUint64 },
		"are no proposer's":          func(gs *types.GenesisState) { gs.Tally.Proposers = gs.Tally.Proposers[1:] },
		"signed":                     func(gs *types.GenesisState) { gs.Misses[0].Count-- },
		"lack":                       func(gs *types.GenesisState) { gs.Misses[0].Count = 7 },
		"lack it":                    func(gs *types.GenesisState) { gs.Tally.Works[0].Done-- },
		"or out of order":            func(gs *types.GenesisState) { gs.Misses = append(gs.Misses, gs.Misses[0]) },
		"that they did not owe":      stranger,
		"work of 616263":             func(gs *types.GenesisState) { gs.Tally.Works[0].Address = []byte("abc") },
		"absences of":                func(gs *types.GenesisState) { gs.Absences[1] = gs.Absences[0] },
		"with keys of their own":     func(gs *types.GenesisState) { entry(gs).VrfKey = gs.Snapshots[0].Entries[1].VrfKey },
		"make the weights":           func(gs *types.GenesisState) { entry(gs).Weights[0].Weight = math.MaxUint64 },
		"not [{ROLE_VALIDATOR":       func(gs *types.GenesisState) { entry(gs).Weights[0].Asset++ },
		"stands twice":               func(gs *types.GenesisState) { e := entry(gs); e.Weights = append(e.Weights, e.Weights[0]) },
		"are out of bounds":          func(gs *types.GenesisState) { entry(gs).Reputation = math.MaxUint64 },
		"no snapshot is being taken": func(gs *types.GenesisState) { gs.Cursor = nodes.Operator("node3") },
		"the cursor's node":          func(gs *types.GenesisState) { gs.Cursor = nodes.Operator("nobody") },
	} {
		t.Run(says, func(t *testing.T) {
			gs := exported(t, n)
			require.NoError(t, gs.Validate())
			edit(gs)
			require.ErrorContains(t, gs.Validate(), says)
		})
	}
	for says, edit := range map[string]func(*types.GenesisState){
		"the tally has 18446744073709551615 commits": func(gs *types.GenesisState) {
			gs.Tally.Commits, gs.Tally.Proposers, gs.Misses = math.MaxUint64, gs.Tally.Proposers[:1], nil
			gs.Tally.Proposers[0].Commits = math.MaxUint64
			for i := range gs.Tally.Works {
				gs.Tally.Works[i].Due, gs.Tally.Works[i].Done = math.MaxUint64, math.MaxUint64
			}
		},
		"is registered at height": func(gs *types.GenesisState) { gs.Nodes[0].Node.RegisteredHeight = 1_000 },
		"is of height 22":         func(gs *types.GenesisState) { gs.Snapshots[1].Snapshot.Height++ },
		"completed at 1000":       func(gs *types.GenesisState) { gs.Snapshots[1].Snapshot.Completed = 1_000 },
		"of epoch 9 is of height 181": func(gs *types.GenesisState) {
			s := &gs.Snapshots[2].Snapshot
			s.Epoch, s.Height, s.Completed = 9, 181, 181
		},
		"is not complete, and epoch 2 goes on":  func(gs *types.GenesisState) { gs.Snapshots = gs.Snapshots[:2]; gs.Snapshots[1].Snapshot.Completed = 0 },
		"is missing in the snapshot of epoch 2": func(gs *types.GenesisState) { s := &gs.Snapshots[2]; s.Entries = s.Entries[1:]; s.Snapshot.Nodes-- },
	} {
		t.Run(says, func(t *testing.T) {
			gs := exported(t, n)
			edit(gs)
			require.NoError(t, gs.Validate(), "by itself it is well-formed")
			next := n.After(t)
			require.ErrorContains(t, next.Stake.InitGenesis(next.Ctx, gs), says)
		})
	}
	next := n.After(t)
	require.NoError(t, next.Stake.InitGenesis(next.Ctx, exported(t, n)))
	require.Equal(t, exported(t, n), exported(t, next))
	sortition, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.NoError(t, next.Sortition.InitGenesis(next.Ctx, sortition))
	next.Epoch(t)
	next.Check(t)
}

// stranger misses what somebody of the committee has missed.
func stranger(gs *types.GenesisState) {
	for i := range gs.Misses {
		gs.Misses[i].Address = []byte("twenty bytes of name")
	}
	for i := range gs.Tally.Works {
		gs.Tally.Works[i].Done = gs.Tally.Works[i].Due
	}
}
