package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Whatever a stranger sends: nothing panics, what is refused leaves no trace, and the books hold.
func FuzzMessages(f *testing.F) {
	c := newChain(f, nil)
	add := func(kind byte, m interface{ Marshal() ([]byte, error) }) {
		raw, err := m.Marshal()
		require.NoError(f, err)
		f.Add(kind, raw)
	}
	s := &source{name: left}
	add(0, &types.MsgDeliver{Signer: authority, Deliveries: []latticetypes.Delivery{s.send(f, deposit(7, "escrow"))}})
	require.NoError(f, c.exit(9))
	c.block(f)
	owner, _ := c.table.Owner(ann)
	add(1, &types.MsgConfirm{Signer: authority, Confirmations: []latticetypes.Confirmation{(&source{name: owner.Name}).confirm(f, owner.Name, c.waiting(f, owner.Name)[0].Cursor())}})
	add(2, &types.MsgExit{Sender: annAccount(), Amount: 5})
	add(3, &types.MsgUpdateParams{Authority: authority, Params: types.DefaultParams()})
	base := c.ctx
	f.Fuzz(func(t *testing.T, kind byte, raw []byte) {
		c.ctx, _ = base.CacheContext()
		before := c.total(c.ctx)
		switch kind % 4 {
		case 0:
			var m types.MsgDeliver
			if m.Unmarshal(raw) == nil {
				_, _ = do(c, c.Deliver, &m)
			}
		case 1:
			var m types.MsgConfirm
			if m.Unmarshal(raw) == nil {
				_, _ = do(c, c.Confirm, &m)
			}
		case 2:
			var m types.MsgExit
			if m.Unmarshal(raw) == nil {
				_, _ = do(c, c.Exit, &m)
			}
		case 3:
			var m types.MsgUpdateParams
			if m.Unmarshal(raw) == nil {
				_, _ = do(c, c.UpdateParams, &m)
			}
		}
		c.block(t)
		require.Equal(t, before, c.total(c.ctx))
	})
}

// A genesis is refused, or is what an export of it says again.
func FuzzGenesis(f *testing.F) {
	c := newChain(f, nil)
	_, err := c.deliver((&source{name: left}).send(f, deposit(7, "node"), deposit(9, "")))
	require.NoError(f, err)
	require.NoError(f, c.exit(9))
	for range 2 {
		gs, err := c.ExportGenesis(c.ctx)
		require.NoError(f, err)
		raw, err := gs.Marshal()
		require.NoError(f, err)
		f.Add(raw)
		c.block(f)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(raw) != nil {
			return
		}
		again := newChain(t, nil)
		again.forget()
		if again.InitGenesis(again.ctx, &gs) != nil {
			return
		}
		exported, err := again.ExportGenesis(again.ctx)
		require.NoError(t, err)
		require.NoError(t, exported.Validate())
		again.block(t)
	})
}
