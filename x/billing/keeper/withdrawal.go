package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// maxWithdrawals open at once per escrow.
const maxWithdrawals = 16

// RequestWithdrawal gives notice for a part of free. The delay is longer than every window in which a claim on it could still arrive.
func (k *Keeper) RequestWithdrawal(ctx context.Context, msg *types.MsgRequestWithdrawal) (*types.MsgRequestWithdrawalResponse, error) {
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	if len(e.Withdrawals) >= maxWithdrawals {
		return nil, errorsmod.Wrapf(types.ErrLimit, "%d withdrawals are open: collect those that are due (tx billing withdraw) first", maxWithdrawals)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if e.Free, err = types.Sub(e.Free, msg.Amount); err != nil {
		return nil, err
	}
	release := now + params.WithdrawalDelayEpochs
	e.Withdrawals = append(e.Withdrawals, types.Withdrawal{Amount: msg.Amount, ReleaseEpoch: release})
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	return &types.MsgRequestWithdrawalResponse{ReleaseEpoch: release},
		emit(ctx, &types.EventWithdrawalRequested{Owner: e.Owner, Amount: msg.Amount, ReleaseEpoch: release})
}

// Withdraw pays out every withdrawal whose release epoch has come.
func (k *Keeper) Withdraw(ctx context.Context, msg *types.MsgWithdraw) (*types.MsgWithdrawResponse, error) {
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	var due uint64
	var waiting []types.Withdrawal
	for _, w := range e.Withdrawals {
		if w.ReleaseEpoch > now {
			waiting = append(waiting, w)
			continue
		}
		if due, err = types.Add(due, w.Amount); err != nil {
			return nil, err
		}
	}
	if due == 0 {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "nothing is due in epoch %d; see query billing escrow for the release epochs", now)
	}
	owner, err := sdk.AccAddressFromBech32(msg.Owner)
	if err != nil {
		return nil, err
	}
	e.Withdrawals = waiting
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, owner, types.Coins(due)); err != nil {
		return nil, err
	}
	return &types.MsgWithdrawResponse{Amount: due}, emit(ctx, &types.EventWithdrawn{Owner: e.Owner, Amount: due})
}
