package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/stake/types"
)

// Whatever stands in a message: it is taken or refused, what is refused leaves no trace, and the books hold, also over the next snapshot.
func FuzzMessages(f *testing.F) {
	n := nodes.New(f)
	n.Register(f, "ann", "bob")
	n.Deposit(f, "cid", nodes.Deposit, 0)
	n.Block(f)
	update := types.MsgUpdateNode{Operator: nodes.Operator("ann"), Roles: nodes.Registration("ann").Roles, Endpoints: []string{"https://new.example.org"}, Version: "v2"}
	another := nodes.Possession("ann", "new keys")
	update.HotAddress, update.VrfKey, update.VrfProof = another.HotAddress, another.VrfKey, another.VrfProof
	for kind, m := range []interface{ Marshal() ([]byte, error) }{
		nodes.Registration("cid"), &update, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: types.DefaultParams()},
	} {
		raw, err := m.Marshal()
		require.NoError(f, err)
		f.Add(byte(kind), raw)
	}
	base := n.Ctx
	f.Fuzz(func(t *testing.T, kind byte, raw []byte) {
		n.Ctx, _ = base.CacheContext()
		before := exported(t, n)
		var err error
		switch kind % 3 {
		case 0:
			var m types.MsgRegisterNode
			if err = m.Unmarshal(raw); err == nil {
				_, err = nodes.Do(n.Ctx, n.Stake.RegisterNode, &m)
			}
		case 1:
			var m types.MsgUpdateNode
			if err = m.Unmarshal(raw); err == nil {
				_, err = nodes.Do(n.Ctx, n.Stake.UpdateNode, &m)
			}
		default:
			var m types.MsgUpdateParams
			if err = m.Unmarshal(raw); err == nil {
				_, err = nodes.Do(n.Ctx, n.Stake.UpdateParams, &m)
			}
		}
		if err != nil {
			require.Equal(t, before, exported(t, n))
		}
		n.Check(t)
		n.Blocks(t, nodes.EpochBlocks)
		n.Check(t)
	})
}

// Whatever stands in a genesis: it is refused, or begins a chain that exports it again.
func FuzzGenesis(f *testing.F) {
	n := nodes.New(f)
	n.Register(f, "ann", "bob")
	n.Blocks(f, nodes.EpochBlocks+3)
	raw, err := exported(f, n).Marshal()
	require.NoError(f, err)
	f.Add(raw)
	empty := n.After(f)
	base := empty.Ctx
	valid, _ := base.CacheContext()
	require.NoError(f, empty.Stake.InitGenesis(valid, exported(f, n)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(raw) != nil || gs.Validate() != nil {
			return
		}
		empty.Ctx, _ = base.CacheContext()
		if empty.Stake.InitGenesis(empty.Ctx, &gs) == nil {
			require.NoError(t, exported(t, empty).Validate())
		}
	})
}

func exported(t testing.TB, n *nodes.Network) *types.GenesisState {
	t.Helper()
	gs, err := n.Stake.ExportGenesis(sdk.UnwrapSDKContext(n.Ctx))
	require.NoError(t, err)
	return gs
}
