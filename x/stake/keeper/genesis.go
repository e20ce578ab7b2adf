package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/stake/types"
)

// InitGenesis stores the genesis; what would break an invariant or come from a height that is still to be made is refused. A node with a proof of possession is new and its proof must hold; one without comes from an export, where it was checked.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.checkHeights(ctx, gs); err != nil {
		return err
	}
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	for _, g := range gs.Nodes {
		if err := k.initNode(ctx, g); err != nil {
			return err
		}
	}
	for _, u := range gs.PastVrfKeys {
		if err := k.vrfKeys.Set(ctx, u.Key, u.Operator); err != nil {
			return err
		}
	}
	for _, s := range gs.Snapshots {
		if err := k.snapshots.Set(ctx, s.Snapshot.Epoch, s.Snapshot); err != nil {
			return err
		}
		for _, e := range s.Entries {
			if err := k.entries.Set(ctx, collections.Join(s.Snapshot.Epoch, e.Operator), e); err != nil {
				return err
			}
		}
	}
	if _, running := gs.Running(); running {
		if err := k.cursor.Set(ctx, gs.Cursor); err != nil {
			return err
		}
	}
	if err := k.initTally(ctx, gs); err != nil {
		return err
	}
	return k.checkDone(ctx, gs)
}

// checkHeights of what the chain says that it has done: below the first block to be made, snapshots at their epochs' beginnings, and one that is not complete in the epoch that goes on.
func (k *Keeper) checkHeights(ctx context.Context, gs *types.GenesisState) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	last := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight()) - 1
	for _, g := range gs.Nodes {
		if g.Node.RegisteredHeight > last {
			return errorsmod.Wrapf(types.ErrInvalid, "%s is registered at height %d, the last block is %d", g.Node.Operator, g.Node.RegisteredHeight, last)
		}
	}
	for _, g := range gs.Snapshots {
		if s := g.Snapshot; s.Height != epoch.First(s.Epoch, blocks) || s.Height > last || s.Completed > last || (s.Completed != 0 && s.Completed < s.Height) {
			return errorsmod.Wrapf(types.ErrInvalid, "the snapshot of epoch %d is of height %d, completed at %d: want from %d to %d, the last block",
				s.Epoch, s.Height, s.Completed, epoch.First(s.Epoch, blocks), last)
		}
	}
	// The first block of an epoch brings the last commit of the epoch before.
	if most := uint64(max(0, last-epoch.First(epoch.At(last, blocks), blocks))); gs.Tally.Commits > most {
		return errorsmod.Wrapf(types.ErrInvalid, "the tally has %d commits, the epoch had %d blocks that brought one", gs.Tally.Commits, most)
	}
	if s, running := gs.Running(); running && s.Epoch != epoch.At(last, blocks) {
		return errorsmod.Wrapf(types.ErrInvalid, "the snapshot of epoch %d is not complete, and epoch %d goes on", s.Epoch, epoch.At(last, blocks))
	}
	return nil
}

func (k *Keeper) initNode(ctx context.Context, g types.GenesisNode) error {
	if len(g.VrfProof) > 0 {
		if err := sortition.VerifyPossession(sdk.UnwrapSDKContext(ctx).ChainID(), g.Node.Operator, g.Node.VrfKey, g.VrfProof); err != nil {
			return errorsmod.Wrapf(types.ErrInvalid, "vrf_proof of node %s: %s", g.Node.Operator, err)
		}
	}
	if err := k.nodes.Set(ctx, g.Node.Operator, g.Node); err != nil {
		return err
	}
	if err := k.vrfKeys.Set(ctx, g.Node.VrfKey, g.Node.Operator); err != nil {
		return err
	}
	return k.takeHot(ctx, g.Node)
}

func (k *Keeper) initTally(ctx context.Context, gs *types.GenesisState) error {
	if gs.Tally.Commits > 0 {
		if err := k.tally.Set(ctx, gs.Tally); err != nil {
			return err
		}
	}
	for _, m := range gs.Misses {
		if err := k.misses.Set(ctx, collections.Join(m.Proposer, m.Address), m.Count); err != nil {
			return err
		}
	}
	for _, a := range gs.Absences {
		if err := k.absences.Set(ctx, a.Operator, a.Count); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	current := map[string]bool{}
	if err := k.nodes.Walk(ctx, nil, func(_ string, n types.Node) (bool, error) {
		gs.Nodes, current[string(n.VrfKey)] = append(gs.Nodes, types.GenesisNode{Node: n}), true
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.vrfKeys.Walk(ctx, nil, func(key []byte, operator string) (bool, error) {
		if !current[string(key)] {
			gs.PastVrfKeys = append(gs.PastVrfKeys, types.UsedKey{Key: key, Operator: operator})
		}
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.exportTally(ctx, gs); err != nil {
		return nil, err
	}
	if gs.Cursor, err = k.cursor.Get(ctx); err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	return gs, k.snapshots.Walk(ctx, nil, func(epoch uint64, s types.Snapshot) (bool, error) {
		g := types.GenesisSnapshot{Snapshot: s, Entries: []types.Entry{}}
		err := k.WalkEntries(ctx, epoch, func(e types.Entry) error {
			g.Entries = append(g.Entries, e)
			return nil
		})
		gs.Snapshots = append(gs.Snapshots, g)
		return err != nil, err
	})
}

func (k *Keeper) exportTally(ctx context.Context, gs *types.GenesisState) error {
	var err error
	if gs.Tally, err = k.currentTally(ctx); err != nil {
		return err
	}
	if err := k.misses.Walk(ctx, nil, func(key collections.Pair[[]byte, []byte], count uint64) (bool, error) {
		gs.Misses = append(gs.Misses, types.Miss{Proposer: key.K1(), Address: key.K2(), Count: count})
		return false, nil
	}); err != nil {
		return err
	}
	return k.absences.Walk(ctx, nil, func(operator string, count uint64) (bool, error) {
		gs.Absences = append(gs.Absences, types.Absence{Operator: operator, Count: count})
		return false, nil
	})
}
