package keeper

import (
	"context"
	"maps"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// EndBlock carries out receipts that were taken, and makes one batch for each shard of what leaves. A batch of a shard has no more receipts than it takes in a block; others wait for the next block.
func (k *Keeper) EndBlock(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"receipts not carried out", k.actAll}, {"receipts not sent", k.send}} {
		// What fails here is a fault of this code: coins wait for a release that mends it, and the chain goes on.
		if err := attempt(ctx, func(ctx sdk.Context) error { return step.do(ctx) }); err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error(step.what, "module", types.ModuleName, "error", err)
		}
	}
	return nil
}

// send the first receipts that leave, in one batch for each destination, in the order of their names.
func (k *Keeper) send(ctx context.Context) error {
	receipts, err := k.leaving.take(ctx, receipt.MaxGate)
	if err != nil || len(receipts) == 0 {
		return err
	}
	boxes := map[string][]receipt.Receipt{}
	for _, r := range receipts {
		owner, err := k.owner(ctx, r.Beneficiary())
		if err != nil {
			return err
		}
		boxes[owner] = append(boxes[owner], r)
	}
	for _, destination := range slices.Sorted(maps.Keys(boxes)) {
		if err := k.sendTo(sdk.UnwrapSDKContext(ctx), destination, boxes[destination]); err != nil {
			return errorsmod.Wrapf(err, "batch for %s", destination)
		}
	}
	return nil
}

func (k *Keeper) sendTo(ctx sdk.Context, destination string, receipts []receipt.Receipt) error {
	box, err := or(k.outboxes.Get(ctx, destination))
	if err != nil {
		return err
	}
	previous, err := box.Sent.Receipt()
	if err != nil {
		return err
	}
	batch := receipt.Batch{Source: ctx.ChainID(), Destination: destination, Height: uint64(ctx.BlockHeight()), Previous: previous, Receipts: receipts}
	if err := batch.Check(); err != nil {
		return err
	}
	box.Sent = latticetypes.CursorOf(batch.Cursor())
	box.Waiting++
	for i := range receipts {
		box.Total = box.Total.Add(coins(receipts[i].Amount.Utop)...)
	}
	if err := k.keep(ctx, &batch); err != nil {
		return err
	}
	if err := k.outboxes.Set(ctx, destination, box); err != nil {
		return err
	}
	return emit(ctx, &types.EventSent{Destination: destination, Height: batch.Height, Receipts: uint32(len(receipts))})
}

// keep a batch until its destination has confirmed it.
func (k *Keeper) keep(ctx context.Context, batch *receipt.Batch) error {
	key, encoded := collections.Join(batch.Destination, batch.Height), batch.Encode()
	hash := receipt.Hash(encoded)
	if err := k.batches.Set(ctx, key, encoded); err != nil {
		return err
	}
	return k.hashes.Set(ctx, key, hash[:])
}

// prune batches that a destination has taken.
func (k *Keeper) prune(ctx context.Context, destination string, taken receipt.Cursor) error {
	box, err := or(k.outboxes.Get(ctx, destination))
	if err != nil {
		return err
	}
	if taken.Height <= box.Confirmed.Height {
		return errorsmod.Wrapf(types.ErrKnown, "%s has confirmed up to height %d already: %s", destination, box.Confirmed.Height, receipt.ErrReplay)
	}
	var gone []heightKey
	var last []byte
	upTo := collections.NewPrefixedPairRange[string, uint64](destination).EndInclusive(taken.Height)
	if err := k.batches.Walk(ctx, upTo, func(key heightKey, batch []byte) (bool, error) {
		gone, last = append(gone, key), batch
		return false, nil
	}); err != nil {
		return err
	}
	if len(gone) == 0 || gone[len(gone)-1].K2() != taken.Height || receipt.Hash(last) != taken.Hash {
		return errorsmod.Wrapf(types.ErrRefused, "%s confirms %x of height %d, which was not sent", destination, taken.Hash, taken.Height)
	}
	for _, key := range gone {
		if err := k.batches.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.hashes.Remove(ctx, key); err != nil {
			return err
		}
	}
	box.Confirmed, box.Waiting = latticetypes.CursorOf(taken), box.Waiting-uint64(len(gone))
	if err := k.outboxes.Set(ctx, destination, box); err != nil {
		return err
	}
	return emit(ctx, &types.EventConfirmed{Destination: destination, Height: taken.Height})
}
