package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/issuance/types"
)

// Invariants checks that the state is a valid genesis (what was issued is what years issue, and all of it went somewhere), that there are no more coins than were there or were
// issued, and that the module keeps none.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	if !gs.Begun() {
		return errorsmod.Wrap(types.ErrInvariant, "no year runs")
	}
	supply, err := k.supply(ctx)
	if err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	if most := gs.Clock.BaseUtop + gs.Clock.Issued(); supply > most {
		return errorsmod.Wrapf(types.ErrInvariant, "the supply is %d utop, and only %d were there or were issued", supply, most)
	}
	if kept := k.bank.GetBalance(ctx, account, types.Denom).Amount; !kept.IsZero() {
		return errorsmod.Wrapf(types.ErrInvariant, "the module's account has %s utop between blocks", kept)
	}
	return nil
}
