package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/issuance"
	"github.com/topnetwork/top/x/issuance/types"
)

// InitGenesis stores the genesis, and begins the first year where there is none. It comes after x/bank.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	supply, err := k.supply(ctx)
	if err != nil {
		return err
	}
	clock := gs.Clock
	if !gs.Begun() {
		if supply > gs.Params.TotalUtop-gs.Params.ReserveUtop {
			return errorsmod.Wrapf(types.ErrInvalid, "the supply is %d utop, and with the reserve of %d utop more than the total of %d: give accounts less, or change x/issuance's parameters",
				supply, gs.Params.ReserveUtop, gs.Params.TotalUtop)
		}
		clock.BaseUtop, clock.Year = supply, types.NewYear(gs.Params.Schedule().Begin(1, 0))
	}
	if most := clock.BaseUtop + clock.Issued(); supply > most {
		return errorsmod.Wrapf(types.ErrInvalid, "the supply is %d utop, and only %d were there or were issued", supply, most)
	}
	if err := k.clock.Set(ctx, clock); err != nil {
		return err
	}
	for _, y := range gs.Years {
		if err := k.years.Set(ctx, y.Number, y); err != nil {
			return err
		}
	}
	for _, e := range gs.Epochs {
		if err := k.epochSplit.Set(ctx, e.Epoch, e); err != nil {
			return err
		}
	}
	return nil
}

// supply of utop in x/bank.
func (k *Keeper) supply(ctx context.Context) (uint64, error) {
	supply := k.bank.GetSupply(ctx, types.Denom).Amount
	if !supply.IsUint64() || supply.Uint64() > 2*issuance.Ceiling {
		return 0, errorsmod.Wrapf(types.ErrInvalid, "the supply is %s utop, at most %d are possible", supply, uint64(2*issuance.Ceiling))
	}
	return supply.Uint64(), nil
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Clock, err = k.clock.Get(ctx); err != nil {
		return nil, err
	}
	if err := k.years.Walk(ctx, nil, func(_ uint64, y types.Year) (bool, error) {
		gs.Years = append(gs.Years, y)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.epochSplit.Walk(ctx, nil, func(_ uint64, e types.EpochSplit) (bool, error) {
		gs.Epochs = append(gs.Epochs, e)
		return false, nil
	})
}
