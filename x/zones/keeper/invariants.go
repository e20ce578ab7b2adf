package keeper

import (
	"context"
	"errors"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/zones/types"
)

// Invariants checks that the state is a valid genesis and that the current table is the last one.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	now, err := k.Table(ctx)
	switch {
	case errors.Is(err, types.ErrNotFound) && len(gs.Tables) == 0:
		return nil
	case err != nil:
		return err
	case len(gs.Tables) == 0 || !same(now, gs.Tables[len(gs.Tables)-1]):
		return errorsmod.Wrapf(types.ErrInvariant, "the current routing table is version %d, which is not the last that is kept", now.Version)
	}
	return nil
}

func same(a, b types.RoutingTable) bool {
	return a.Version == b.Version && a.SinceHeight == b.SinceHeight && a.ZoneBits == b.ZoneBits && slices.Equal(a.Routes, b.Routes)
}
