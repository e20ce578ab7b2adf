package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/sortition/types"
)

// Whatever a stranger publishes, in the mempool or in a block: nothing but the holder's proof is taken, only once, and the books hold.
func FuzzPublications(f *testing.F) {
	n, names := begun(f, 4)
	duty := func(ctx sdk.Context, name string) (*types.MsgPublishProof, *types.MsgSeal) {
		r, err := n.Sortition.Record(ctx, 1)
		require.NoError(f, err)
		return &types.MsgPublishProof{Sender: nodes.Hot(name), Epoch: 1, Proof: nodes.Prove(f, name, r.Alpha)}, &types.MsgSeal{Sender: nodes.Hot(name), Epoch: 1, Index: 1, Proof: nodes.Prove(f, name, r.Alpha)}
	}
	for _, name := range append(names[:2:2], "stranger") {
		proof, seal := duty(n.Ctx, name)
		for kind, m := range []interface{ Marshal() ([]byte, error) }{proof, seal} {
			raw, err := m.Marshal()
			require.NoError(f, err)
			f.Add(byte(kind), false, raw)
			f.Add(byte(kind), true, raw)
		}
	}
	collecting, _ := n.Ctx.CacheContext()
	for r := record(f, n, 1); n.Ctx.BlockHeight() <= r.CloseHeight; {
		n.Block(f)
	}
	sealing, _ := n.Ctx.CacheContext()
	f.Fuzz(func(t *testing.T, kind byte, late bool, raw []byte) {
		n.Ctx, _ = collecting.CacheContext()
		if late {
			n.Ctx, _ = sealing.CacheContext()
		}
		before := record(t, n, 1)
		check := n.Ctx.WithIsCheckTx(true)
		if kind%2 == 0 {
			var m types.MsgPublishProof
			if m.Unmarshal(raw) != nil {
				return
			}
			_ = n.Sortition.CheckMempool(check, &m)
			_, err := nodes.Do(n.Ctx, n.Sortition.PublishProof, &m)
			if err == nil {
				require.Equal(t, before.Proofs+1, record(t, n, 1).Proofs)
				_, err = nodes.Do(n.Ctx, n.Sortition.PublishProof, &m)
				require.ErrorIs(t, err, types.ErrExists)
			} else {
				require.Equal(t, before, record(t, n, 1))
			}
		} else {
			var m types.MsgSeal
			if m.Unmarshal(raw) != nil {
				return
			}
			_ = n.Sortition.CheckMempool(check, &m)
			if _, err := nodes.Do(n.Ctx, n.Sortition.Seal, &m); err != nil {
				require.Equal(t, before, record(t, n, 1))
			} else {
				require.Equal(t, before.Decided+1, record(t, n, 1).Decided)
			}
		}
		n.Check(t)
	})
}

// Whatever stands in a genesis: it is refused, or begins a chain that exports it again.
func FuzzGenesis(f *testing.F) {
	n, _ := begun(f, 4)
	n.Epoch(f)
	gs, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(f, err)
	raw, err := gs.Marshal()
	require.NoError(f, err)
	f.Add(raw)
	stake, err := n.Stake.ExportGenesis(n.Ctx)
	require.NoError(f, err)
	empty := n.After(f)
	require.NoError(f, empty.Stake.InitGenesis(empty.Ctx, stake))
	base := empty.Ctx
	valid, _ := base.CacheContext()
	require.NoError(f, empty.Sortition.InitGenesis(valid, gs))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(raw) != nil || gs.Validate() != nil {
			return
		}
		empty.Ctx, _ = base.CacheContext()
		if empty.Sortition.InitGenesis(empty.Ctx, &gs) == nil {
			again, err := empty.Sortition.ExportGenesis(empty.Ctx)
			require.NoError(t, err)
			require.NoError(t, again.Validate())
		}
	})
}

// Parameters come from governance alone, within their bounds, and fit an epoch.
func FuzzParams(f *testing.F) {
	n, _ := begun(f, 3)
	for _, m := range []*types.MsgUpdateParams{
		{Authority: nodes.Authority(), Params: types.DevnetParams(nodes.EpochBlocks)},
		{Authority: nodes.Authority(), Params: types.DefaultParams()},
		{Authority: nodes.Operator("node0"), Params: types.DevnetParams(nodes.EpochBlocks)},
	} {
		raw, err := m.Marshal()
		require.NoError(f, err)
		f.Add(raw)
	}
	base := n.Ctx
	before, devnet, err := n.Sortition.Sizes(base)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m types.MsgUpdateParams
		if m.Unmarshal(raw) != nil {
			return
		}
		n.Ctx, _ = base.CacheContext()
		want := before
		if _, err := nodes.Do(n.Ctx, n.Sortition.UpdateParams, &m); err == nil {
			require.Equal(t, nodes.Authority(), m.Authority)
			require.NoError(t, m.Params.Validate(devnet))
			require.NoError(t, m.Params.Fit(nodes.EpochBlocks))
			want = m.Params
		}
		got, _, err := n.Sortition.Sizes(n.Ctx)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
