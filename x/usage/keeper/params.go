package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/usage/types"
)

// UpdateParams replaces the parameters; only governance may, and windows never shorten.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := params.CheckChange(msg.Params); err != nil {
		return nil, err
	}
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := msg.Params.CheckWindows(chain.EpochBlocks); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, k.params.Set(ctx, msg.Params)
}
