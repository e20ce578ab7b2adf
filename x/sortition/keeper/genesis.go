package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/sortition/types"
)

// InitGenesis stores the genesis, after x/stake's: what would break an invariant or come from a height that is still to be made is refused.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.checkHeights(ctx, gs); err != nil {
		return err
	}
	if err := k.setParams(ctx, gs.Params, gs.Devnet); err != nil {
		return err
	}
	if err := k.devnet.Set(ctx, gs.Devnet); err != nil {
		return err
	}
	if err := k.seed.Set(ctx, gs.Seed); err != nil {
		return err
	}
	for _, g := range gs.Records {
		if err := k.records.Set(ctx, g.Record.Epoch, g.Record); err != nil {
			return err
		}
		for _, p := range g.Proofs {
			if err := k.proofs.Set(ctx, collections.Join(g.Record.Epoch, p.Operator), p); err != nil {
				return err
			}
		}
	}
	for _, e := range gs.Elections {
		if err := k.elections.Set(ctx, e.Epoch, e); err != nil {
			return err
		}
	}
	for _, p := range gs.Published {
		if err := k.published.Set(ctx, p.Epoch, p); err != nil {
			return err
		}
	}
	return k.checkMade(ctx, gs)
}

// checkHeights of what the chain says that it has done: below the first block to be made, and in its epoch's time.
func (k *Keeper) checkHeights(ctx context.Context, gs *types.GenesisState) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	last := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight()) - 1
	elections := uint64(0)
	for _, g := range gs.Records {
		r := g.Record
		if first, end := epoch.First(r.Epoch, blocks), epoch.First(r.Epoch+1, blocks); first > last || r.CloseHeight <= first || r.CloseHeight > end {
			return errorsmod.Wrapf(types.ErrInvalid, "the record of epoch %d closes at height %d: want %d to %d, and an epoch that has begun by block %d, the last", r.Epoch, r.CloseHeight, first+1, end, last)
		}
		if r.SnapshotEpoch != r.Epoch-min(r.Epoch, 1) {
			return errorsmod.Wrapf(types.ErrInvalid, "the record of epoch %d is by the snapshot of epoch %d: want that of the epoch before", r.Epoch, r.SnapshotEpoch)
		}
		if _, open := r.Turn(); open && r.TurnEnds > last+1+int64(r.SealBlocks) {
			return errorsmod.Wrapf(types.ErrInvalid, "a sealer of epoch %d has time up to height %d, after block %d and its %d blocks", r.Epoch, r.TurnEnds, last, r.SealBlocks)
		}
		elections = r.Epoch + 2
	}
	for _, e := range gs.Elections {
		if e.Epoch > elections {
			return errorsmod.Wrapf(types.ErrInvalid, "there is an election for epoch %d, and no record that it could be held by", e.Epoch)
		}
	}
	for _, p := range gs.Published {
		if p.SealingHeight > last {
			return errorsmod.Wrapf(types.ErrInvalid, "the published seed of epoch %d was sealed from height %d on, the last block is %d", p.Epoch, p.SealingHeight, last)
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
	if gs.Devnet, err = k.devnet.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Seed, err = k.seed.Get(ctx); err != nil {
		return nil, err
	}
	if err := k.records.Walk(ctx, nil, func(epoch uint64, r types.Record) (bool, error) {
		proofs, err := k.proofsOf(ctx, epoch)
		// Some of the oldest record's may be pruned.
		r.Proofs = uint64(len(proofs))
		gs.Records = append(gs.Records, types.GenesisRecord{Record: r, Proofs: proofs})
		return err != nil, err
	}); err != nil {
		return nil, err
	}
	if err := k.elections.Walk(ctx, nil, func(_ uint64, e types.Election) (bool, error) {
		gs.Elections = append(gs.Elections, e)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.published.Walk(ctx, nil, func(_ uint64, p types.PublishedSeed) (bool, error) {
		gs.Published = append(gs.Published, p)
		return false, nil
	})
}
