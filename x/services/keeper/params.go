package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/services/types"
)

// UpdateParams replaces the parameters; only governance may.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, k.params.Set(ctx, msg.Params)
}
