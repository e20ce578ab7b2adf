package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// sortitionGenesis of a devnet.
func sortitionGenesis() *sortitiontypes.GenesisState {
	gs := sortitiontypes.DefaultGenesisState()
	gs.Devnet, gs.Params = true, sortitiontypes.DevnetParams(nodes.EpochBlocks)
	return gs
}

// Whatever a stranger sends: nothing panics, what is refused leaves no trace, and the books hold.
func FuzzMessages(f *testing.F) {
	n, _ := begun(f, 12, 0, two, params())
	const name = "top-z0.s0-1"
	c := committee(f, n, name, 1)
	require.NoError(f, split(n, name))
	add := func(kind byte, m interface{ Marshal() ([]byte, error) }) {
		raw, err := m.Marshal()
		require.NoError(f, err)
		f.Add(kind, raw)
	}
	b := after(c, 3)
	add(0, &types.MsgAnchor{Signer: nodes.Operator("router"), Anchors: []types.NewAnchor{b.anchor(f, n), stateOf(f, 20, 1).last(f, n, after(c, 21))}})
	_, err := send(n, b.anchor(f, n))
	require.NoError(f, err)
	add(1, &types.MsgAudit{Signer: nodes.Operator("router"), Audits: []types.Audit{word(f, n, n.Name(auditors(f, n, 0, 0).Members[0].Operator), b, false)}})
	add(2, &types.MsgShardEvidence{Signer: nodes.Operator("router"), Shard: name, Evidence: []byte{10, 0}})
	add(3, &types.MsgSplit{Authority: nodes.Authority(), Shard: "top-z0.s1-1"})
	add(4, &types.MsgMerge{Authority: nodes.Authority(), Shards: []string{name, "top-z0.s1-1"}})
	add(5, &types.MsgFreeze{Authority: nodes.Authority(), Shard: name, Reason: "why"})
	add(6, &types.MsgRestart{Authority: nodes.Authority(), Shard: name})
	add(7, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: params()})
	add(8, &types.MsgForkEvidence{Signer: nodes.Operator("router"), Shard: name, SignedHeaders: [][]byte{b.anchor(f, n).SignedHeader, b.anchor(f, n).SignedHeader}})
	base := n.Ctx
	f.Fuzz(func(t *testing.T, kind byte, raw []byte) {
		n.Ctx, _ = base.CacheContext()
		var err error
		switch kind % 9 {
		case 0:
			var m types.MsgAnchor
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Anchor, &m)
			}
		case 1:
			var m types.MsgAudit
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Audit, &m)
			}
		case 2:
			var m types.MsgShardEvidence
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.ShardEvidence, &m)
				require.Error(t, err)
			}
		case 3:
			var m types.MsgSplit
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Split, &m)
			}
		case 4:
			var m types.MsgMerge
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Merge, &m)
			}
		case 5:
			var m types.MsgFreeze
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Freeze, &m)
			}
		case 6:
			var m types.MsgRestart
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.Restart, &m)
			}
		case 7:
			var m types.MsgUpdateParams
			if m.Unmarshal(raw) == nil {
				if _, err = nodes.Do(n.Ctx, n.Shards.UpdateParams, &m); err == nil {
					require.Equal(t, nodes.Authority(), m.Authority)
				}
			}
		case 8:
			var m types.MsgForkEvidence
			if m.Unmarshal(raw) == nil {
				_, err = nodes.Do(n.Ctx, n.Shards.ForkEvidence, &m)
				require.Error(t, err)
			}
		}
		_ = err
		n.Check(t)
	})
}

// Whatever stands in a genesis: it is refused, or begins a chain that exports it again.
func FuzzGenesis(f *testing.F) {
	n, _ := begun(f, 12, 0, two, params())
	gs, err := n.Shards.ExportGenesis(n.Ctx)
	require.NoError(f, err)
	raw, err := gs.Marshal()
	require.NoError(f, err)
	f.Add(raw)
	base := n.Ctx
	f.Fuzz(func(t *testing.T, raw []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(raw) != nil || gs.Validate() != nil || len(gs.Shards) == 0 {
			return
		}
		next := n.After(t)
		zones, err := n.Zones.ExportGenesis(base)
		require.NoError(t, err)
		if next.Sortition.InitGenesis(next.Ctx, sortitionGenesis()) != nil || next.Zones.InitGenesis(next.Ctx, zones) != nil || next.Shards.InitGenesis(next.Ctx, &gs) != nil {
			return
		}
		again, err := next.Shards.ExportGenesis(next.Ctx)
		require.NoError(t, err)
		require.NoError(t, again.Validate())
	})
}
