package keeper

import (
	"context"
	"errors"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// proofGas is what verifying a proof of a shard's state costs, as x/shards charges it.
	proofGas = 20_000
	// receiptGas is what carrying out a receipt costs those who bring it: the block's end does it.
	receiptGas = 10_000
)

// Deliver takes batches in the order in which they stand. The transaction fails where none is taken.
func (k *Keeper) Deliver(ctx context.Context, msg *types.MsgDeliver) (*types.MsgDeliverResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	refused, err := each(ctx, len(msg.Deliveries), func(ctx sdk.Context, i int) error { return k.deliver(ctx, &msg.Deliveries[i]) })
	return &types.MsgDeliverResponse{Refused: refused}, err
}

// refusal of protocol/receipt, with the codes that routers tell apart.
func refusal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, receipt.ErrReplay):
		return errorsmod.Wrap(types.ErrKnown, err.Error())
	case errors.Is(err, receipt.ErrGap):
		return errorsmod.Wrap(types.ErrLater, err.Error())
	}
	return errorsmod.Wrap(types.ErrRefused, err.Error())
}

// deliver a batch: each exactly once, in the order in which its source made them. Its receipts are carried out when it is their turn.
func (k *Keeper) deliver(ctx sdk.Context, d *latticetypes.Delivery) error {
	batch, err := receipt.Decode(d.Batch)
	if err != nil {
		return refusal(err)
	}
	if batch.Destination != ctx.ChainID() {
		return errorsmod.Wrapf(types.ErrRefused, "it is of %s for %s, this is %s", batch.Source, batch.Destination, ctx.ChainID())
	}
	box, err := or(k.inboxes.Get(ctx, batch.Source))
	if err != nil {
		return err
	}
	taken, err := box.Taken.Receipt()
	if err != nil {
		return err
	}
	// What costs little comes first.
	if taken, err = taken.Take(&batch); err != nil {
		return refusal(err)
	}
	total, err := totalOf(&batch)
	if err != nil {
		return err
	}
	if err := k.hasRoom(ctx, batch.Receipts); err != nil {
		return err
	}
	key, err := latticetypes.BatchKey(batch.Destination, batch.Height)
	if err != nil {
		return err
	}
	hash := receipt.Hash(d.Batch)
	by, err := k.proven(ctx, batch.Source, key, hash[:], d.Proof)
	if err != nil {
		return err
	}
	if err := k.hold(ctx, batch.Source, by, total); err != nil {
		return err
	}
	if err := k.covers(ctx, batch.Source, total); err != nil {
		return err
	}
	ctx.GasMeter().ConsumeGas(uint64(len(batch.Receipts))*receiptGas, "receipts to be carried out")
	for i := range batch.Receipts {
		if err := k.queue.put(ctx, &batch.Receipts[i]); err != nil {
			return err
		}
	}
	box.Taken, box.Total = latticetypes.CursorOf(taken), box.Total.Add(coins(total)...)
	if err := k.inboxes.Set(ctx, batch.Source, box); err != nil {
		return err
	}
	return emit(ctx, &types.EventTaken{Source: batch.Source, Height: batch.Height, Receipts: uint32(len(batch.Receipts)), Utop: math.NewIntFromUint64(total).String()})
}

// totalOf a batch in utop. It brings what the main chain takes: utop, sent to its gate, or exits that come back.
func totalOf(b *receipt.Batch) (total uint64, err error) {
	for i := range b.Receipts {
		r := &b.Receipts[i]
		switch {
		case len(r.Amount.Coins) > 0:
			return 0, errorsmod.Wrapf(types.ErrRefused, "receipt %d brings another coin than utop", i)
		case r.Main != r.Return || !r.Return && r.To != receipt.GateAddress():
			return 0, errorsmod.Wrapf(types.ErrRefused, "receipt %d is not for the main chain's gate", i)
		case total+r.Amount.Utop < total:
			return 0, errorsmod.Wrapf(types.ErrRefused, "it brings more utop than there can be")
		}
		total += r.Amount.Utop
	}
	return total, nil
}

// hasRoom for receipts, and for what may have to go back.
func (k *Keeper) hasRoom(ctx context.Context, receipts []receipt.Receipt) error {
	n, err := k.queue.len(ctx)
	if err != nil {
		return err
	}
	if n+uint64(len(receipts)) > types.MaxQueued && n > 0 {
		return errorsmod.Wrapf(types.ErrLater, "%d receipts are still to be carried out, at most %d; try again", n, types.MaxQueued)
	}
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return err
	}
	asked, routes := map[string]bool{}, table.Table()
	for i := range receipts {
		owner, ok := routes.Owner(receipts[i].From)
		if receipts[i].Return || !ok || asked[owner.Name] {
			continue
		}
		asked[owner.Name] = true
		box, err := or(k.outboxes.Get(ctx, owner.Name))
		if err != nil {
			return err
		}
		if box.Waiting >= latticetypes.MaxReturning {
			return errorsmod.Wrapf(types.ErrLater, "%s has not confirmed the last %d batches, and this one may have to go back there", owner.Name, box.Waiting)
		}
	}
	return nil
}

// covers tells whether shards can have what one of them sends: the gate's account holds all that is on them.
func (k *Keeper) covers(ctx context.Context, source string, total uint64) error {
	queued, err := k.queue.utop(ctx)
	if err != nil {
		return err
	}
	balance := k.Bank.GetBalance(ctx, k.account, sendtx.Utop).Amount
	if left := balance.Sub(math.NewIntFromUint64(queued)); left.LT(math.NewIntFromUint64(total)) {
		return errorsmod.Wrapf(types.ErrRefused, "%s sends %d utop, and all shards together have %s", source, total, left)
	}
	return nil
}

// proven tells whether a shard's state has a key with a value, and answers the header that says so.
func (k *Keeper) proven(ctx sdk.Context, shard string, key, value []byte, proof *latticetypes.Proof) (*cmttypes.SignedHeader, error) {
	if proof == nil || proof.Header == nil {
		return nil, errorsmod.Wrapf(types.ErrRefused, "there is no proof of %s, or none with a header", shard)
	}
	raw, err := proof.Header.Marshal()
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrRefused, err.Error())
	}
	sh, err := shardstypes.ParseHeader(shard, raw)
	if err != nil {
		return nil, err
	}
	ctx.GasMeter().ConsumeGas(proofGas, "proof of a shard's state")
	if err := k.Shards.VerifyHeader(ctx, shard, sh); err != nil {
		return nil, err
	}
	return sh, lighttypes.ProvenIn(sh.AppHash, latticetypes.StoreKey, key, value, proof.Ops)
}
