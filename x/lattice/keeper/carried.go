package keeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/collections"

	cmttypes "github.com/cometbft/cometbft/types"

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
// A shard that has ended takes nothing: what its children begin with is its state, whenever a node reads it.
func (k *Keeper) Execute(ctx sdk.Context, tx *types.Carried) ([]lattice.Arrival, error) {
	if ended, err := k.ended(ctx, ctx.BlockHeight()); err != nil || ended {
		return nil, errors.Join(err, lattice.ErrEnded)
	}
	switch c := tx.Content.(type) {
	case *types.Carried_Delivery:
		if settling, err := k.settling(ctx); err != nil || settling {
			return nil, errors.Join(err, lattice.ErrSettling)
		}
		return k.deliver(ctx, c.Delivery)
	case *types.Carried_Owed:
		return nil, k.owed(ctx, c.Owed)
	case *types.Carried_Redebit:
		return k.redebit(ctx, c.Redebit)
	case *types.Carried_Confirmation:
		return nil, k.confirmed(ctx, c.Confirmation)
	case *types.Carried_MainHeader:
		// A client that freezes keeps what froze it.
		_, err := k.main.Update(ctx, ctx.BlockTime(), c.MainHeader)
		return nil, err
	case *types.Carried_Fact:
		return nil, k.learn(ctx, c.Fact)
	default:
		return nil, fmt.Errorf("%w: a carried transaction of no known kind", lattice.ErrMalformed)
	}
}

// Waits tells whether an error is of a moment: the transaction may be good in a later block.
func Waits(err error) bool {
	return errors.Is(err, receipt.ErrGap) || errors.Is(err, ErrUnaudited) || errors.Is(err, ErrUnreachable) || errors.Is(err, errTerm) || errors.Is(err, lattice.ErrSettling)
}

// MayWait tells whether a transaction that was refused for an error can be kept for later: only what is proven, for it takes room.
func (k *Keeper) MayWait(ctx sdk.Context, tx *types.Carried, err error) bool {
	switch {
	case errors.Is(err, ErrUnaudited), errors.Is(err, ErrUnreachable):
		return true
	case errors.Is(err, receipt.ErrGap):
		// That others come first is found before the proof is looked at.
		d := tx.GetDelivery()
		batch, err := receipt.Decode(d.GetBatch())
		return err == nil && k.provenBatch(ctx, &batch, d) == nil
	}
	return false
}

// provenBatch of a delivery.
func (k *Keeper) provenBatch(ctx context.Context, batch *receipt.Batch, d *types.Delivery) error {
	key, err := types.BatchKey(batch.Destination, batch.Height)
	if err != nil {
		return err
	}
	hash := receipt.Hash(d.Batch)
	return k.proven(ctx, batch.Source, key, hash[:], d.Proof)
}

// deliver a batch: each exactly once, in the order in which its source made them.
func (k *Keeper) deliver(ctx sdk.Context, d *types.Delivery) ([]lattice.Arrival, error) {
	batch, err := receipt.Decode(d.Batch)
	if err != nil {
		return nil, err
	}
	shard, err := k.Shard.Get(ctx)
	if err != nil {
		return nil, err
	}
	inherited := slices.Contains(shard.Parents, batch.Destination)
	if batch.Destination != ctx.ChainID() && !inherited || batch.Source == ctx.ChainID() {
		return nil, fmt.Errorf("%w: it is of %s for %s, this is %s", errLedger, batch.Source, batch.Destination, ctx.ChainID())
	}
	routing, err := k.routing(ctx)
	if err != nil {
		return nil, err
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return nil, err
	}
	ofMain := batch.Source == main
	if len(routing.Routes) == 0 && !ofMain {
		return nil, fmt.Errorf("%w: a shard without routing table has no others", errLedger)
	}
	if err := checkOrigin(batch.Receipts, ofMain); err != nil {
		return nil, err
	}
	name := types.InboxName(batch.Source, batch.Destination, ctx.ChainID())
	box, err := k.inbox(ctx, name)
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
	if err := k.provenBatch(ctx, &batch, d); err != nil {
		return nil, err
	}
	receipts := batch.Receipts
	if inherited {
		// Each child of whom it was for takes its own accounts', but for those that are ahead.
		prefix := shard.Prefix()
		ahead, err := k.ahead(ctx, name, taken)
		if err != nil {
			return nil, err
		}
		receipts = slices.DeleteFunc(slices.Clone(receipts), func(r receipt.Receipt) bool {
			bucket := lattice.BucketOf(r.Beneficiary())
			return !prefix.Holds(bucket) || slices.ContainsFunc(ahead, func(p lattice.Prefix) bool { return p.Holds(bucket) })
		})
	}
	if err := k.canReturn(ctx, routing.Table(), main, receipts); err != nil {
		return nil, err
	}
	total := coinsOf(receipts)
	if err := k.arrive(ctx, total); err != nil {
		return nil, err
	}
	utop := utopOf(total)
	// Nobody audits the main chain: it is what all trust.
	if len(utop) > 0 && !ofMain {
		by, err := cmttypes.HeaderFromProto(d.Proof.Header.Header)
		if err != nil {
			return nil, err
		}
		if err := k.hold(ctx, batch.Source, &by, utop[0].Amount.Uint64()); err != nil {
			return nil, err
		}
	}
	box.Taken, box.Total = types.CursorOf(taken), box.Total.Add(utop...)
	if receipts, err = k.notAgain(ctx, receipts); err != nil {
		return nil, err
	}
	return receipts, k.Inboxes.Set(ctx, name, box)
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
	taker := cmp.Or(c.Child, c.Destination)
	key, err := types.InboxKey(types.InboxName(ctx.ChainID(), c.Destination, taker))
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
	if err := k.proven(ctx, taker, key, value, c.Proof); err != nil {
		return err
	}
	// One that is frozen goes on from its last audited block, and needs again what it has taken since.
	if err := k.sure(ctx, taker, c.Proof); err != nil {
		return err
	}
	if c.Child == "" {
		return k.confirm(ctx, c.Destination, taken)
	}
	return k.confirmedByChild(ctx, c, taken)
}

// confirmedByChild of a destination that has ended: what all its children have taken is not needed any more.
func (k *Keeper) confirmedByChild(ctx sdk.Context, c *types.Confirmation, taken receipt.Cursor) error {
	standing, err := k.standing(ctx, c.Destination)
	if err != nil {
		return err
	}
	if !slices.Contains(standing.Children, c.Child) {
		return fmt.Errorf("%w: %s is no child of %s that this shard knows of", errLedger, c.Child, c.Destination)
	}
	key := collections.Join(c.Destination, c.Child)
	before, err := k.Confirmed.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if taken.Height <= before.Height {
		return fmt.Errorf("%w: %s has confirmed up to height %d already", receipt.ErrReplay, c.Child, before.Height)
	}
	if err := k.Confirmed.Set(ctx, key, types.CursorOf(taken)); err != nil {
		return err
	}
	least := taken
	for _, child := range standing.Children {
		cursor, err := k.Confirmed.Get(ctx, collections.Join(c.Destination, child))
		if errors.Is(err, collections.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		other, err := cursor.Receipt()
		if err != nil {
			return err
		}
		if other.Height < least.Height {
			least = other
		}
	}
	if err := k.confirm(ctx, c.Destination, least); !errors.Is(err, receipt.ErrReplay) {
		return err
	}
	return nil
}
