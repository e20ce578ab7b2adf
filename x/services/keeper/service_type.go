package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/services/types"
)

// RegisterServiceType adds a type of service for a deposit.
func (k *Keeper) RegisterServiceType(ctx context.Context, msg *types.MsgRegisterServiceType) (*types.MsgRegisterServiceTypeResponse, error) {
	t := types.ServiceType{Name: msg.Name, Description: msg.Description, Measures: msg.Measures, Creator: msg.Creator, Deposit: msg.Deposit}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if exists, err := k.serviceTypes.Has(ctx, t.Name); err != nil {
		return nil, err
	} else if exists {
		return nil, errorsmod.Wrapf(types.ErrExists, "type %s", t.Name)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.takeDeposit(ctx, msg.Creator, msg.Deposit, params.MinTypeDeposit); err != nil {
		return nil, err
	}
	if err := k.serviceTypes.Set(ctx, t.Name, t); err != nil {
		return nil, err
	}
	return &types.MsgRegisterServiceTypeResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventServiceTypeRegistered{Name: t.Name, Creator: t.Creator})
}
