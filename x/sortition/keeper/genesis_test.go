package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	rules "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/sortition/types"
)

// imported tells what a new chain says of an export that somebody edited.
func imported(t *testing.T, n *nodes.Network, edit func(*types.GenesisState)) error {
	stake, err := n.Stake.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	gs, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	edit(gs)
	require.NoError(t, gs.Validate(), "it is well-formed")
	next := n.After(t)
	require.NoError(t, next.Stake.InitGenesis(next.Ctx, stake))
	return next.Sortition.InitGenesis(next.Ctx, gs)
}

func last(gs *types.GenesisState) *types.GenesisRecord { return &gs.Records[len(gs.Records)-1] }

// turned over a bit.
func turned(b []byte) []byte {
	b = slices.Clone(b)
	b[0] ^= 1
	return b
}

// What is well-formed and contradicts itself, x/stake or the chain's height is refused at the first block: it would stop the chain at the close, at a sealer's turn or at the election.
func TestGenesisThatContradictsItselfIsRefused(t *testing.T) {
	n, names := begun(t, 7)
	n.Epoch(t)
	for _, name := range names {
		n.Publish(t, name)
	}
	n.Block(t)
	collecting := map[string]func(*types.GenesisState){
		"an epoch that has begun by block 42": func(gs *types.GenesisState) {
			last(gs).Record.Epoch++
			last(gs).Record.CloseHeight += nodes.EpochBlocks
		},
		"closes at height 1000":         func(gs *types.GenesisState) { last(gs).Record.CloseHeight = 1000 },
		"is by the snapshot of epoch 0": func(gs *types.GenesisState) { last(gs).Record.SnapshotEpoch-- },
		"no record that it could be held by": func(gs *types.GenesisState) {
			e := gs.Elections[len(gs.Elections)-1]
			e.Epoch += 2
			gs.Elections = append(gs.Elections, e)
		},
		"the last block is 42":               func(gs *types.GenesisState) { gs.Published[len(gs.Published)-1].SealingHeight = 43 },
		"its seed makes the alpha":           func(gs *types.GenesisState) { last(gs).Record.Alpha = turned(last(gs).Record.Alpha) },
		"is not in the snapshot of epoch 1":  func(gs *types.GenesisState) { ps := last(gs).Proofs; ps[len(ps)-1].Operator = "toq" },
		"proved by another key":              func(gs *types.GenesisState) { last(gs).Proofs[0].Key = last(gs).Proofs[1].Key },
		"proof 0:":                           func(gs *types.GenesisState) { last(gs).Proofs[0].Proof = turned(last(gs).Proofs[0].Proof) },
		"its proofs verify to other outputs": func(gs *types.GenesisState) { last(gs).Proofs[0].Output = turned(last(gs).Proofs[0].Output) },
		"its seed draws other sealers":       func(gs *types.GenesisState) { slices.Reverse(last(gs).Record.Sealers) },
		"the one in force is":                func(gs *types.GenesisState) { gs.Seed = turned(gs.Seed) },
		"leaves the seed": func(gs *types.GenesisState) {
			r := &last(gs).Record
			r.Seed = turned(r.Seed)
			reseal(r)
			gs.Seed = r.Seed
			last(gs).Proofs, r.Proofs, r.Sealers = nil, 0, nil
		},
		"gives the members":                       func(gs *types.GenesisState) { slices.Reverse(gs.Elections[len(gs.Elections)-1].Members) },
		"is not by the record of epoch 1":         func(gs *types.GenesisState) { gs.Elections[len(gs.Elections)-1].Committee = "top-main-2" },
		"the election for epoch 3: collections: ": func(gs *types.GenesisState) { gs.Elections = gs.Elections[:len(gs.Elections)-1] },
	}
	for says, edit := range collecting {
		t.Run(says, func(t *testing.T) { require.ErrorContains(t, imported(t, n, edit), says) })
	}
	for r := record(t, n, 2); len(r.Digest) == 0 || r.Decided == 0; r = record(t, n, 2) {
		for _, name := range names {
			n.Publish(t, name)
		}
		n.Block(t)
	}
	for says, edit := range map[string]func(*types.GenesisState){
		"has time up to height 1000": func(gs *types.GenesisState) { last(gs).Record.TurnEnds = 1000 },
		"its proofs and seals make":  func(gs *types.GenesisState) { last(gs).Record.Digest = turned(last(gs).Record.Digest) },
		"its proofs and seals make the dig": func(gs *types.GenesisState) {
			r := last(gs).Record
			s := &r.Sealers[r.Decided-1]
			s.Chain = turned(s.Chain)
		},
		"seal 1:": func(gs *types.GenesisState) { s := &last(gs).Record.Sealers[0]; s.Proof = turned(s.Proof) },
	} {
		t.Run(says, func(t *testing.T) { require.ErrorContains(t, imported(t, n, edit), says) })
	}
	require.NoError(t, imported(t, n, func(*types.GenesisState) {}))
}

// reseal a record's alpha by its seed.
func reseal(r *types.Record) {
	alpha := rules.Alpha(nodes.ChainID, r.Epoch, rules.Seed(r.Seed))
	r.Alpha = alpha[:]
}
