package keeper

import (
	"context"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/committees/types"
)

// Invariants checks that the state is a valid genesis, that somebody sits, that nobody with a seat stands by, that every member's latest record is what x/staking has, and that no
// mark of a block outlives it.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	if len(gs.Committee.Members) == 0 {
		return errorsmod.Wrap(types.ErrInvariant, "nobody sits")
	}
	for _, operator := range gs.Committee.Line.Members {
		if slices.Contains(gs.Committee.Line.Standbys, operator) {
			return errorsmod.Wrapf(types.ErrInvariant, "%s has a seat and stands by", operator)
		}
	}
	for _, m := range gs.Committee.Members {
		if err := k.checkTokens(ctx, m.Operator); err != nil {
			return err
		}
	}
	return k.touched.Walk(ctx, nil, func(operator string) (bool, error) {
		return true, errorsmod.Wrapf(types.ErrInvariant, "%s is marked between blocks", operator)
	})
}

// checkTokens: an operator's latest record is what x/staking has.
func (k *Keeper) checkTokens(ctx context.Context, operator string) error {
	utop, err := k.tokensNow(ctx, operator)
	if err != nil {
		return err
	}
	last, found, err := k.lastTokens(ctx, operator)
	if err != nil {
		return err
	}
	if !found || last.Utop != utop {
		return errorsmod.Wrapf(types.ErrInvariant, "%d utop stand behind %s, the record of height %d says %d", utop, operator, last.Height, last.Utop)
	}
	return nil
}
