package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// Deposit moves coins from the owner's account into its escrow.
func (k *Keeper) Deposit(ctx context.Context, msg *types.MsgDeposit) (*types.MsgDepositResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	e, err := k.escrow(ctx, msg.Owner)
	if errors.Is(err, types.ErrNotFound) {
		e = types.Escrow{Owner: msg.Owner}
	} else if err != nil {
		return nil, err
	}
	if e.Free, err = types.Add(e.Free, msg.Amount); err != nil {
		return nil, err
	}
	owner, err := sdk.AccAddressFromBech32(msg.Owner)
	if err != nil {
		return nil, err
	}
	// The coins move first: a failing transfer must leave no book entry.
	if err := k.bank.SendCoinsFromAccountToModule(ctx, owner, types.ModuleName, types.Coins(msg.Amount)); err != nil {
		return nil, err
	}
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	return &types.MsgDepositResponse{}, emit(ctx, &types.EventDeposited{Owner: e.Owner, Amount: msg.Amount})
}

// SetReserve moves coins between free and reserve.
func (k *Keeper) SetReserve(ctx context.Context, msg *types.MsgSetReserve) (*types.MsgSetReserveResponse, error) {
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	both, err := types.Add(e.Free, e.Reserve)
	if err != nil {
		return nil, err
	}
	if e.Free, err = types.Sub(both, msg.Reserve); err != nil {
		return nil, err
	}
	e.Reserve = msg.Reserve
	return &types.MsgSetReserveResponse{}, k.escrows.Set(ctx, e.Owner, e)
}

func (k *Keeper) escrow(ctx context.Context, owner string) (types.Escrow, error) {
	e, err := k.escrows.Get(ctx, owner)
	if errors.Is(err, collections.ErrNotFound) {
		return e, errorsmod.Wrapf(types.ErrNotFound, "%s has no escrow: deposit first (tx billing deposit)", owner)
	}
	return e, err
}
