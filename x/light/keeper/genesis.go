package keeper

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/light/types"
)

// InitGenesis begins with the headers that genesis trusts. The newest must still be within its trusting period at genesis' time, or no other could ever follow.
func (k *Keeper) InitGenesis(ctx sdk.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvalid, err.Error())
	}
	if n := len(gs.Headers); n > 0 {
		if h := gs.Headers[n-1]; !h.Time.Add(gs.Params.TrustingPeriod).After(ctx.BlockTime()) {
			return errorsmod.Wrapf(types.ErrExpired, "headers: %d of %s, the newest, is %s old or more at genesis; take a recent one from a node of your own", h.Height, h.Time, gs.Params.TrustingPeriod)
		}
	}
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	for _, h := range gs.Headers {
		if err := k.headers.Set(ctx, h.Height, h); err != nil {
			return err
		}
	}
	if gs.Frozen == nil {
		return nil
	}
	return k.frozen.Set(ctx, *gs.Frozen)
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx sdk.Context) (gs *types.GenesisState, err error) {
	gs = &types.GenesisState{}
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Frozen, err = k.Frozen(ctx); err != nil {
		return nil, err
	}
	return gs, k.headers.Walk(ctx, nil, func(_ int64, h types.Header) (bool, error) {
		gs.Headers = append(gs.Headers, h)
		return false, nil
	})
}

// Invariants checks that the state is a valid genesis, with each header under its height: they are in order, so the newest is the last, and not more than are to be kept.
func (k *Keeper) Invariants(ctx sdk.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	return k.headers.Walk(ctx, nil, func(height int64, h types.Header) (bool, error) {
		if height != h.Height {
			return true, errorsmod.Wrapf(types.ErrInvariant, "header %d is kept as %d", h.Height, height)
		}
		return false, nil
	})
}
