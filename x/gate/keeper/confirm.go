package keeper

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// Confirm counts what shards have taken, in the order in which it stands. The transaction fails where nothing counts.
func (k *Keeper) Confirm(ctx context.Context, msg *types.MsgConfirm) (*types.MsgConfirmResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	refused, err := each(ctx, len(msg.Confirmations), func(ctx sdk.Context, i int) error { return k.confirm(ctx, &msg.Confirmations[i]) })
	return &types.MsgConfirmResponse{Refused: refused}, err
}

// confirm what a shard, or a child of it, has taken. Where shards are audited only what is audited counts: one that is frozen goes on from its last audited block, and needs again what it has taken since.
func (k *Keeper) confirm(ctx sdk.Context, c *latticetypes.Confirmation) error {
	if c.Inbox == nil {
		return errorsmod.Wrap(types.ErrRefused, "a confirmation without inbox")
	}
	taken, err := c.Inbox.Taken.Receipt()
	if err != nil {
		return errorsmod.Wrap(types.ErrRefused, err.Error())
	}
	box, err := or(k.outboxes.Get(ctx, c.Destination))
	if err != nil {
		return err
	}
	if taken.Height <= box.Confirmed.Height {
		return errorsmod.Wrapf(types.ErrKnown, "%s has confirmed up to height %d already: %s", c.Destination, box.Confirmed.Height, receipt.ErrReplay)
	}
	taker := cmp.Or(c.Child, c.Destination)
	key, err := latticetypes.InboxKey(latticetypes.InboxName(ctx.ChainID(), c.Destination, taker))
	if err != nil {
		return err
	}
	value, err := c.Inbox.Marshal()
	if err != nil {
		return err
	}
	by, err := k.proven(ctx, taker, key, value, c.Proof)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if params.UnauditedUtop > 0 {
		sure, err := k.Shards.Confirmed(ctx, taker, by)
		if err != nil {
			return err
		}
		if !sure {
			return errorsmod.Wrapf(types.ErrLater, "height %d of %s is not audited: confirm by the header that is (query shards shard %s)", by.Height, taker, taker)
		}
	}
	if c.Child == "" {
		return k.prune(ctx, c.Destination, taken)
	}
	return k.confirmByChild(ctx, c, taken)
}

// confirmByChild of a shard that has retired: what all its children have taken is not needed any more.
func (k *Keeper) confirmByChild(ctx context.Context, c *latticetypes.Confirmation, taken receipt.Cursor) error {
	parent, err := k.Shards.Shard(ctx, c.Destination)
	if err != nil {
		return err
	}
	if parent.Status != shardstypes.Status_STATUS_RETIRED || !slices.Contains(parent.Children, c.Child) {
		return errorsmod.Wrapf(types.ErrRefused, "%s has not taken over from %s", c.Child, c.Destination)
	}
	key := collections.Join(c.Destination, c.Child)
	before, err := or(k.confirmed.Get(ctx, key))
	if err != nil {
		return err
	}
	if taken.Height <= before.Height {
		return errorsmod.Wrapf(types.ErrKnown, "%s has confirmed up to height %d already: %s", c.Child, before.Height, receipt.ErrReplay)
	}
	if err := k.confirmed.Set(ctx, key, latticetypes.CursorOf(taken)); err != nil {
		return err
	}
	least := taken
	for _, child := range parent.Children {
		cursor, err := or(k.confirmed.Get(ctx, collections.Join(c.Destination, child)))
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
	if least.Height == 0 {
		return nil
	}
	if err := k.prune(ctx, c.Destination, least); !errors.Is(err, types.ErrKnown) {
		return err
	}
	return nil
}
