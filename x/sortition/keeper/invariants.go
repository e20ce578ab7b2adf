package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/sortition/types"
)

// Invariants checks that the state is a valid genesis and makes the latest seed and election again from what is published.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	for _, g := range slices.Backward(gs.Records) {
		if len(g.Record.NextSeed) > 0 {
			return k.recompute(ctx, g)
		}
	}
	return nil
}

func (k *Keeper) recompute(ctx context.Context, g types.GenesisRecord) error {
	r := g.Record
	if len(r.Sealers) > 0 {
		seed, err := r.Published(sdk.UnwrapSDKContext(ctx).ChainID(), g.Proofs).Next()
		if err != nil || !bytes.Equal(seed[:], r.NextSeed) {
			return errors.Join(err, errorsmod.Wrapf(types.ErrInvariant, "the record of epoch %d makes the seed %X, not %X", r.Epoch, seed, r.NextSeed))
		}
	}
	e, err := k.elections.Get(ctx, r.Epoch+2)
	if err != nil {
		return err
	}
	candidates, err := k.candidates(ctx, r)
	if errors.Is(err, collections.ErrNotFound) {
		// x/stake keeps its history for a time of its own.
		return nil
	}
	if err != nil {
		return err
	}
	out, err := draw(r, e, candidates)
	if err != nil {
		out = sortition.Outcome{Members: e.Sitting}
	}
	if !slices.Equal(out.Members, e.Members) || !slices.Equal(out.Standbys, e.Standbys) {
		return errorsmod.Wrapf(types.ErrInvariant, "the election for epoch %d gives the members %v and standbys %v", e.Epoch, out.Members, out.Standbys)
	}
	return nil
}
