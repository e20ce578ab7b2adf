package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/lattice/types"
)

// inbox of a source; an empty one where nothing was taken yet.
func (k *Keeper) inbox(ctx context.Context, source string) (types.Inbox, error) {
	i, err := k.Inboxes.Get(ctx, source)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Inbox{}, nil
	}
	return i, err
}

// Execute what a carried transaction says, if it is proven. The arrivals that it brings are credited with the block's transfers; whatever fails has changed nothing that counts, for the caller leaves ctx behind.
func (k *Keeper) Execute(ctx sdk.Context, tx *types.Carried) ([]lattice.Arrival, error) {
	switch c := tx.Content.(type) {
	case *types.Carried_Delivery:
		return k.deliver(ctx, c.Delivery)
	case *types.Carried_Confirmation:
		return nil, k.confirmed(ctx, c.Confirmation)
	default:
		return nil, fmt.Errorf("%w: a carried transaction of no known kind", lattice.ErrMalformed)
	}
}

// deliver a batch: each exactly once, in the order in which its source made them.
func (k *Keeper) deliver(ctx sdk.Context, d *types.Delivery) ([]lattice.Arrival, error) {
	batch, err := receipt.Decode(d.Batch)
	if err != nil {
		return nil, err
	}
	if batch.Destination != ctx.ChainID() {
		return nil, fmt.Errorf("%w: it is for %s, this is %s", errLedger, batch.Destination, ctx.ChainID())
	}
	box, err := k.inbox(ctx, batch.Source)
	if err != nil {
		return nil, err
	}
	taken, err := box.Taken.Receipt()
	if err != nil {
		return nil, err
	}
	// What costs little comes first.
	if taken, err = taken.Take(&batch); err != nil {
		return nil, err
	}
	key, err := types.BatchKey(batch.Destination, batch.Height)
	if err != nil {
		return nil, err
	}
	if err := k.proven(ctx, batch.Source, key, d.Batch, d.Proof); err != nil {
		return nil, err
	}
	total, err := coinsOf(batch.Receipts)
	if err != nil {
		return nil, err
	}
	box.Taken, box.Total = types.CursorOf(taken), box.Total.Add(total...)
	return batch.Receipts, k.Inboxes.Set(ctx, batch.Source, box)
}

// confirmed batches leave the outbox of their destination.
func (k *Keeper) confirmed(ctx sdk.Context, c *types.Confirmation) error {
	if c.Inbox == nil {
		return fmt.Errorf("%w: a confirmation without inbox", lattice.ErrMalformed)
	}
	taken, err := c.Inbox.Taken.Receipt()
	if err != nil {
		return err
	}
	key, err := types.InboxKey(ctx.ChainID())
	if err != nil {
		return err
	}
	value, err := c.Inbox.Marshal()
	if err != nil {
		return err
	}
	box, err := k.outbox(ctx, c.Destination)
	if err != nil {
		return err
	}
	if taken.Height <= box.Confirmed.Height {
		return fmt.Errorf("%w: %s has confirmed up to height %d already", receipt.ErrReplay, c.Destination, box.Confirmed.Height)
	}
	if err := k.proven(ctx, c.Destination, key, value, c.Proof); err != nil {
		return err
	}
	return k.confirm(ctx, c.Destination, taken)
}
