package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/sortition/types"
)

// InitGenesis stores the genesis.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.setParams(ctx, gs.Params, gs.Devnet); err != nil {
		return err
	}
	if err := k.devnet.Set(ctx, gs.Devnet); err != nil {
		return err
	}
	if err := k.seed.Set(ctx, gs.Seed); err != nil {
		return err
	}
	for _, g := range gs.Records {
		if err := k.records.Set(ctx, g.Record.Epoch, g.Record); err != nil {
			return err
		}
		for _, p := range g.Proofs {
			if err := k.proofs.Set(ctx, collections.Join(g.Record.Epoch, p.Operator), p); err != nil {
				return err
			}
		}
	}
	for _, e := range gs.Elections {
		if err := k.elections.Set(ctx, e.Epoch, e); err != nil {
			return err
		}
	}
	for _, p := range gs.Published {
		if err := k.published.Set(ctx, p.Epoch, p); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Devnet, err = k.devnet.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Seed, err = k.seed.Get(ctx); err != nil {
		return nil, err
	}
	if err := k.records.Walk(ctx, nil, func(epoch uint64, r types.Record) (bool, error) {
		proofs, err := k.proofsOf(ctx, epoch)
		// Some of the oldest record's may be pruned.
		r.Proofs = uint64(len(proofs))
		gs.Records = append(gs.Records, types.GenesisRecord{Record: r, Proofs: proofs})
		return err != nil, err
	}); err != nil {
		return nil, err
	}
	if err := k.elections.Walk(ctx, nil, func(_ uint64, e types.Election) (bool, error) {
		gs.Elections = append(gs.Elections, e)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.published.Walk(ctx, nil, func(_ uint64, p types.PublishedSeed) (bool, error) {
		gs.Published = append(gs.Published, p)
		return false, nil
	})
}
