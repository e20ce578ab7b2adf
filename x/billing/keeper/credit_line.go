package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// OpenCreditLine moves free coins behind a service chain's pool and tells the chain. The coins never leave this chain.
func (k *Keeper) OpenCreditLine(ctx context.Context, msg *types.MsgOpenCreditLine) (*types.MsgOpenCreditLineResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Amount < params.MinCredit {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "credit of %d utop, at least %d", msg.Amount, params.MinCredit)
	}
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	if e.Free, err = types.Sub(e.Free, msg.Amount); err != nil {
		return nil, err
	}
	chain, err := k.services.OpenChain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	line, err := k.openLine(ctx, msg.Owner, msg.ChainId)
	if err != nil {
		return nil, err
	}
	pool, err := k.pool(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	for _, sum := range []*uint64{&line.Credited, &line.InFlight, &pool.Amount} {
		if *sum, err = types.Add(*sum, msg.Amount); err != nil {
			return nil, err
		}
	}
	if err := k.checkExposure(ctx, chain, pool.Amount, params); err != nil {
		return nil, err
	}
	if err := k.store(ctx, &e, &line, &pool); err != nil {
		return nil, err
	}
	seq, err := k.sendCredit(ctx, e, msg.ChainId, msg.Amount)
	if err != nil {
		return nil, err
	}
	return &types.MsgOpenCreditLineResponse{Sequence: seq},
		emit(ctx, &types.EventCreditLineOpened{Owner: msg.Owner, ChainId: msg.ChainId, Amount: msg.Amount, Sequence: seq})
}

// creditArrived ends the flight of a credit packet.
func (k *Keeper) creditArrived(ctx context.Context, chainID string, p *types.CreditPacket) error {
	if p.Amount == 0 {
		return nil
	}
	line, err := k.lines.Get(ctx, collections.Join(p.Owner, chainID))
	if err != nil {
		return errorsmod.Wrapf(types.ErrNotFound, "credit line of %s on %s: %s", p.Owner, chainID, err)
	}
	if line.Closed {
		return nil // its owner has the share already
	}
	if err := line.Acknowledge(p.Amount); err != nil {
		return err
	}
	return k.store(ctx, nil, &line, nil)
}

// creditFailed takes a credit back that never arrived: from line and pool into the escrow.
func (k *Keeper) creditFailed(ctx context.Context, chainID string, p *types.CreditPacket, reason string) error {
	if p.Amount == 0 {
		return nil
	}
	line, err := k.lines.Get(ctx, collections.Join(p.Owner, chainID))
	if err != nil {
		return errorsmod.Wrapf(types.ErrNotFound, "credit line of %s on %s: %s", p.Owner, chainID, err)
	}
	if line.Closed {
		return nil // its owner has the share already
	}
	e, err := k.escrow(ctx, p.Owner)
	if err != nil {
		return err
	}
	pool, err := k.pool(ctx, chainID)
	if err != nil {
		return err
	}
	refund, err := line.Fail(p.Amount)
	if err != nil {
		return err
	}
	if pool.Amount, err = types.Sub(pool.Amount, refund); err != nil {
		return err
	}
	if e.Free, err = types.Add(e.Free, refund); err != nil {
		return err
	}
	if err := k.store(ctx, &e, &line, &pool); err != nil {
		return err
	}
	return emit(ctx, &types.EventCreditLineRefunded{Owner: p.Owner, ChainId: chainID, Amount: refund, Reason: reason})
}

// openLine answers the owner's line on a chain, new if there is none.
func (k *Keeper) openLine(ctx context.Context, owner, chainID string) (types.CreditLine, error) {
	line, err := k.lines.Get(ctx, collections.Join(owner, chainID))
	if !errors.Is(err, collections.ErrNotFound) {
		return line, err
	}
	lines, err := k.linesOf(ctx, owner)
	if err != nil {
		return line, err
	}
	open := 0
	for _, l := range lines {
		if !l.Closed {
			open++
		}
	}
	if open >= maxLines {
		return line, errorsmod.Wrapf(types.ErrLimit, "%s has open credit lines on %d service chains", owner, maxLines)
	}
	return types.CreditLine{Owner: owner, ChainId: chainID}, nil
}

// pool of a service chain, empty if there is none yet.
func (k *Keeper) pool(ctx context.Context, chainID string) (types.Pool, error) {
	p, err := k.pools.Get(ctx, chainID)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Pool{ChainId: chainID}, nil
	}
	return p, err
}

// store writes what is given.
func (k *Keeper) store(ctx context.Context, e *types.Escrow, l *types.CreditLine, p *types.Pool) error {
	if e != nil {
		if err := k.escrows.Set(ctx, e.Owner, *e); err != nil {
			return err
		}
	}
	if l != nil {
		if err := k.lines.Set(ctx, collections.Join(l.Owner, l.ChainId), *l); err != nil {
			return err
		}
	}
	if p != nil {
		return k.pools.Set(ctx, p.ChainId, *p)
	}
	return nil
}

// emit writes a typed event.
func emit(ctx context.Context, event interface {
	Reset()
	String() string
	ProtoMessage()
}) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

// checkExposure holds what a chain can draw and what it has drawn and not paid in proportion to its deposit: whoever holds much of other people's money has much to
// lose. It is checked where credit is opened, so that a settlement, which carries everyone's pay, is never too large.
func (k *Keeper) checkExposure(ctx context.Context, chain servicestypes.ServiceChain, pool uint64, params types.Params) error {
	unpaid, err := k.unpaidOf(ctx, chain.ChainId, "")
	if err != nil {
		return err
	}
	sum, err := types.Add(unpaid, pool)
	if err != nil {
		return err
	}
	limit := math.NewIntFromUint64(chain.Deposit).MulRaw(int64(params.ExposureBps)).QuoRaw(10_000)
	if math.NewIntFromUint64(sum).GT(limit) {
		return errorsmod.Wrapf(types.ErrExposure, "%d utop would lie behind %s, its deposit allows %s: anyone may raise it (tx services add-service-chain-deposit)", sum, chain.ChainId, limit)
	}
	return nil
}
