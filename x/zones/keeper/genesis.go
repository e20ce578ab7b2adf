package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/zones/types"
)

// InitGenesis stores the genesis. It comes before x/shards, whose shards the routes name.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	first := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight())
	for _, t := range gs.Tables {
		if t.SinceHeight >= first {
			return errorsmod.Wrapf(types.ErrInvalid, "routing table %d is of height %d, the first block is %d", t.Version, t.SinceHeight, first)
		}
		if err := k.set(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	return gs, k.tables.Walk(ctx, nil, func(_ uint64, t types.RoutingTable) (bool, error) {
		gs.Tables = append(gs.Tables, t)
		return false, nil
	})
}
