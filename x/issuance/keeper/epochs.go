package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/issuance/types"
)

// prunedPerBlock caps the old records that one block removes.
const prunedPerBlock = 10

// record a split for the epoch of the block whose commit it pays, as x/committees counts work.
func (k *Keeper) record(ctx context.Context, params types.Params, split types.Split) error {
	now, err := k.paidEpoch(ctx)
	if err != nil {
		return err
	}
	e, err := k.epochSplit.Get(ctx, now)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	e.Epoch = now
	e.Split.Add(split)
	if err := k.epochSplit.Set(ctx, now, e); err != nil || now < params.HistoryEpochs {
		return err
	}
	return k.prune(ctx, now-params.HistoryEpochs)
}

// paidEpoch is the epoch of the block before this one.
func (k *Keeper) paidEpoch(ctx context.Context) (uint64, error) {
	blocks, err := k.epochs.EpochBlocks(ctx)
	return epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight()-1, blocks), err
}

// prune records up to an epoch.
func (k *Keeper) prune(ctx context.Context, last uint64) error {
	var old []uint64
	if err := k.epochSplit.Walk(ctx, new(collections.Range[uint64]).EndInclusive(last), func(e uint64, _ types.EpochSplit) (bool, error) {
		old = append(old, e)
		return len(old) == prunedPerBlock, nil
	}); err != nil {
		return err
	}
	for _, e := range old {
		if err := k.epochSplit.Remove(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Epoch answers where went what was issued for an epoch.
func (k *Keeper) Epoch(ctx context.Context, number uint64) (types.EpochSplit, error) {
	e, err := k.epochSplit.Get(ctx, number)
	if errors.Is(err, collections.ErrNotFound) {
		return e, errorsmod.Wrapf(types.ErrNotFound, "nothing of epoch %d is kept: it has not begun, or is older than history_epochs", number)
	}
	return e, err
}

// LastEpoch answers the same for the last epoch that is over.
func (k *Keeper) LastEpoch(ctx context.Context) (last types.EpochSplit, err error) {
	now, err := k.paidEpoch(ctx)
	if err != nil {
		return last, err
	}
	found := false
	if err := k.epochSplit.Walk(ctx, new(collections.Range[uint64]).EndExclusive(now).Descending(), func(_ uint64, e types.EpochSplit) (bool, error) {
		last, found = e, true
		return true, nil
	}); err != nil {
		return last, err
	}
	if !found {
		return last, errorsmod.Wrap(types.ErrNotFound, "no epoch for which something was issued is over yet")
	}
	return last, nil
}
