package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/sortition/types"
)

// prunedPerBlock caps the old proofs that one block removes.
const prunedPerBlock = 1_000

// BeginBlock opens the collection at an epoch's first block, closes it, and gives up sealers whose turn has passed.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	now := epoch.At(height, blocks)
	first := epoch.First(now, blocks)
	if height == first {
		return k.open(ctx, now, first)
	}
	r, err := k.records.Get(ctx, now)
	if errors.Is(err, collections.ErrNotFound) {
		// The module was added in mid-epoch.
		return nil
	}
	if err != nil {
		return err
	}
	if len(r.Digest) == 0 && height >= r.CloseHeight {
		if err := k.close(ctx, &r); err != nil {
			return err
		}
	}
	if _, open := r.Turn(); open && height >= r.TurnEnds {
		if err := k.giveUp(ctx, &r); err != nil {
			return err
		}
	}
	return k.prune(ctx, now)
}

// EndBlock makes the seed and holds the election when the last sealer is decided.
func (k *Keeper) EndBlock(ctx context.Context) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	r, err := k.records.Get(ctx, epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight(), blocks))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, open := r.Turn(); open || len(r.Digest) == 0 || len(r.NextSeed) > 0 {
		return nil
	}
	return k.finish(ctx, &r)
}

// prune removes records, proofs and elections older than history_epochs.
func (k *Keeper) prune(ctx context.Context, now uint64) error {
	params, err := k.params.Get(ctx)
	if err != nil || now < params.HistoryEpochs {
		return err
	}
	last := now - params.HistoryEpochs
	var old []proofKey
	if err := k.proofs.Walk(ctx, collections.NewPrefixUntilPairRange[uint64, string](last), func(key proofKey, _ types.Proof) (bool, error) {
		old = append(old, key)
		return len(old) == prunedPerBlock, nil
	}); err != nil {
		return err
	}
	for _, key := range old {
		if err := k.proofs.Remove(ctx, key); err != nil {
			return err
		}
	}
	if len(old) > 0 {
		// Records go when their proofs are gone.
		return k.records.Clear(ctx, new(collections.Range[uint64]).EndExclusive(old[0].K1()))
	}
	return errors.Join(k.records.Clear(ctx, new(collections.Range[uint64]).EndInclusive(last)), k.elections.Clear(ctx, new(collections.Range[uint64]).EndInclusive(last)))
}
