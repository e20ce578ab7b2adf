package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// InitGenesis fills the state. The gate's account has its coins by then.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.setParams(ctx, gs.Params); err != nil {
		return err
	}
	if err := k.issued.Set(ctx, gs.Issued); err != nil {
		return err
	}
	for _, i := range gs.Inboxes {
		if err := k.inboxes.Set(ctx, i.Source, i.Inbox); err != nil {
			return err
		}
	}
	for _, o := range gs.Outboxes {
		if err := k.initOutbox(ctx, o); err != nil {
			return err
		}
	}
	for _, u := range gs.Unaudited {
		sum, err := or(k.unauditedSums.Get(ctx, u.Source))
		if err != nil {
			return err
		}
		if err := k.unaudited.Set(ctx, collections.Join(u.Source, u.Height), u.Utop); err != nil {
			return err
		}
		if err := k.unauditedSums.Set(ctx, u.Source, sum+u.Utop); err != nil {
			return err
		}
	}
	for _, c := range gs.Confirmed {
		if err := k.confirmed.Set(ctx, collections.Join(c.Destination, c.Child), c.Cursor); err != nil {
			return err
		}
	}
	if err := k.queue.fill(ctx, gs.Queue); err != nil {
		return err
	}
	if err := k.leaving.fill(ctx, gs.Leaving); err != nil {
		return err
	}
	return k.Invariants(ctx)
}

// initOutbox of an export. Its batches are this chain's, and older than its next block: no height makes two.
func (k *Keeper) initOutbox(ctx context.Context, o latticetypes.NamedOutbox) error {
	c := sdk.UnwrapSDKContext(ctx)
	if first := uint64(max(1, c.BlockHeight())); o.Outbox.Sent.Height >= first {
		return errorsmod.Wrapf(types.ErrInvalid, "outboxes: %s was sent a batch at height %d, the first block is %d", o.Destination, o.Outbox.Sent.Height, first)
	}
	for _, encoded := range o.Batches {
		batch, err := receipt.Decode(encoded)
		if err != nil {
			return errorsmod.Wrap(types.ErrInvalid, err.Error())
		}
		if batch.Source != c.ChainID() {
			return errorsmod.Wrapf(types.ErrInvalid, "outboxes: a batch of %s for %s, this chain is %s", batch.Source, o.Destination, c.ChainID())
		}
		if err := k.keep(ctx, &batch); err != nil {
			return err
		}
	}
	return k.outboxes.Set(ctx, o.Destination, o.Outbox)
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (gs *types.GenesisState, err error) {
	gs = &types.GenesisState{}
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Issued, err = or(k.issued.Get(ctx)); err != nil {
		return nil, err
	}
	if gs.Queue, err = k.queue.all(ctx); err != nil {
		return nil, err
	}
	if gs.Leaving, err = k.leaving.all(ctx); err != nil {
		return nil, err
	}
	if err := k.inboxes.Walk(ctx, nil, func(source string, i latticetypes.Inbox) (bool, error) {
		gs.Inboxes = append(gs.Inboxes, latticetypes.NamedInbox{Source: source, Inbox: i})
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.outboxes.Walk(ctx, nil, func(destination string, o latticetypes.Outbox) (bool, error) {
		named := latticetypes.NamedOutbox{Destination: destination, Outbox: o}
		err := k.batches.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](destination), func(_ heightKey, batch []byte) (bool, error) {
			named.Batches = append(named.Batches, batch)
			return false, nil
		})
		gs.Outboxes = append(gs.Outboxes, named)
		return false, err
	}); err != nil {
		return nil, err
	}
	if err := k.unaudited.Walk(ctx, nil, func(key heightKey, utop uint64) (bool, error) {
		gs.Unaudited = append(gs.Unaudited, latticetypes.Unaudited{Source: key.K1(), Height: key.K2(), Utop: utop})
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.confirmed.Walk(ctx, nil, func(key childKey, c latticetypes.Cursor) (bool, error) {
		gs.Confirmed = append(gs.Confirmed, latticetypes.Confirmed{Destination: key.K1(), Child: key.K2(), Cursor: c})
		return false, nil
	})
}
