package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/topnetwork/top/x/billing/types"
)

// CloseCreditLine returns an owner's share of what is left in a closed chain's pool. Who spent how much is known to the closed chain alone; where it has released
// everyone's credit before closing, the shares are exact, otherwise each owner gets the same part of what its line had open.
func (k *Keeper) CloseCreditLine(ctx context.Context, msg *types.MsgCloseCreditLine) (*types.MsgCloseCreditLineResponse, error) {
	chain, err := k.services.Chain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	params, now, err := k.paramsAndEpoch(ctx)
	if err != nil {
		return nil, err
	}
	// By then every payout of it is paid or decided, so that shares do not depend on who comes first.
	from := chain.ClosingEpoch + params.PayoutWindowEpochs + params.AnswerWindowEpochs + 1
	if chain.ClosingEpoch == 0 {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "%s is open: release credit on the service chain (tx usage release)", msg.ChainId)
	}
	if now < from {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "lines on %s are closed from epoch %d on, when its last payouts are decided; now is %d", msg.ChainId, from, now)
	}
	line, err := k.lines.Get(ctx, collections.Join(msg.Owner, msg.ChainId))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrapf(types.ErrNotFound, "%s has no credit line on %s", msg.Owner, msg.ChainId)
	}
	if err != nil {
		return nil, err
	}
	if line.Closed {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "the line of %s on %s is closed", msg.Owner, msg.ChainId)
	}
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	pool, err := k.pool(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	share, err := closeLine(&e, &line, &pool)
	if err != nil {
		return nil, err
	}
	if err := k.store(ctx, &e, &line, &pool); err != nil {
		return nil, err
	}
	return &types.MsgCloseCreditLineResponse{Returned: share}, emit(ctx, &types.EventCreditLineClosed{Owner: msg.Owner, ChainId: msg.ChainId, Returned: share})
}

// closeLine moves a line's share of the pool into the escrow: pool × the line's open part / all lines' open parts, rounded down. The last line gets the rest.
func closeLine(e *types.Escrow, line *types.CreditLine, pool *types.Pool) (uint64, error) {
	open, err := line.Open()
	if err != nil {
		return 0, err
	}
	all, err := types.Add(pool.Amount, pool.Settled-pool.WrittenOff)
	if err != nil {
		return 0, err
	}
	share := uint64(0)
	if open > 0 {
		share = math.NewIntFromUint64(pool.Amount).Mul(math.NewIntFromUint64(open)).Quo(math.NewIntFromUint64(all)).Uint64()
	}
	if e.Free, err = types.Add(e.Free, share); err != nil {
		return 0, err
	}
	line.Closed, line.InFlight, line.Arrived = true, 0, 0
	line.Released += share
	pool.Amount -= share
	pool.WrittenOff += open - share
	return share, nil
}

// ExitEpochs answers the current epoch and the one by which every promise made until now has ended: that of a withdrawal.
func (k *Keeper) ExitEpochs(ctx context.Context) (now, exit uint64, err error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, 0, err
	}
	now, err = k.Epoch(ctx)
	return now, now + params.WithdrawalDelayEpochs, err
}

// CheckProviderSettled refuses while payouts of a provider are not paid.
func (k *Keeper) CheckProviderSettled(ctx context.Context, chainID, address string) error {
	unpaid, err := k.unpaidOf(ctx, chainID, address)
	if err == nil && unpaid > 0 {
		return errorsmod.Wrapf(types.ErrInvalid, "%d utop of payouts to %s on %s are not paid: wait for them, or end their disputes", unpaid, address, chainID)
	}
	return err
}

// CheckChainSettled refuses while coins lie behind a chain or payouts of it are not paid.
func (k *Keeper) CheckChainSettled(ctx context.Context, chainID string) error {
	unpaid, err := k.unpaidOf(ctx, chainID, "")
	if err != nil {
		return err
	}
	pool, err := k.pool(ctx, chainID)
	if err != nil {
		return err
	}
	if unpaid > 0 || pool.Amount > 0 {
		return errorsmod.Wrapf(types.ErrInvalid, "%d utop of %s are not paid and %d are not returned: close its credit lines first (tx billing close-credit-line)", unpaid, chainID, pool.Amount)
	}
	return nil
}
