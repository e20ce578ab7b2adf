package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/stake/types"
)

// Invariants checks that the state is a valid genesis, that both indexes lead to their nodes and that a snapshot has every node that it has come to.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	for _, g := range gs.Nodes {
		owner, err := k.vrfKeys.Get(ctx, g.Node.VrfKey)
		if err != nil || owner != g.Node.Operator {
			return errorsmod.Wrapf(types.ErrInvariant, "the VRF key of %s leads to %q", g.Node.Operator, owner)
		}
		if owner, err = k.hot.Get(ctx, g.Node.HotAddress); err != nil || owner != g.Node.Operator {
			return errorsmod.Wrapf(types.ErrInvariant, "the hot address of %s leads to %q", g.Node.Operator, owner)
		}
	}
	hot := 0
	if err := k.hot.Walk(ctx, nil, func(string, string) (bool, error) {
		hot++
		return false, nil
	}); err != nil {
		return err
	}
	if hot != len(gs.Nodes) {
		return errorsmod.Wrapf(types.ErrInvariant, "%d hot addresses of %d nodes", hot, len(gs.Nodes))
	}
	return k.checkDone(ctx, gs)
}

// checkDone: every node before the cursor of the running snapshot is in it, if it was registered in time.
func (k *Keeper) checkDone(ctx context.Context, gs *types.GenesisState) error {
	for _, s := range gs.Snapshots {
		last := s.Snapshot.Epoch == gs.Snapshots[len(gs.Snapshots)-1].Snapshot.Epoch
		for _, g := range gs.Nodes {
			taken := s.Snapshot.Completed > 0 || g.Node.Operator < gs.Cursor
			if !last || !taken || g.Node.RegisteredHeight >= s.Snapshot.Height {
				continue
			}
			if has, err := k.entries.Has(ctx, collections.Join(s.Snapshot.Epoch, g.Node.Operator)); err != nil || !has {
				return errorsmod.Wrapf(types.ErrInvariant, "%s is missing in the snapshot of epoch %d", g.Node.Operator, s.Snapshot.Epoch)
			}
		}
	}
	return nil
}
