package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/shards/types"
)

// ExportGenesis writes the state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	p, err := k.progress.Get(ctx)
	switch {
	case err == nil:
		gs.Progress = &p
	case !errors.Is(err, collections.ErrNotFound):
		return nil, err
	}
	return gs, errors.Join(
		collect(ctx, k.shards, &gs.Shards), collect(ctx, k.committees, &gs.Committees), collect(ctx, k.auditors, &gs.Auditors), collect(ctx, k.anchors, &gs.Anchors),
		collect(ctx, k.audited, &gs.Audited), collect(ctx, k.headers, &gs.Headers), collect(ctx, k.loads, &gs.Loads), collect(ctx, k.works, &gs.Works), collect(ctx, k.covered, &gs.Covered),
	)
}

// collect every value of a map, in the order of its keys.
func collect[K, V any](ctx context.Context, from collections.Map[K, V], into *[]V) error {
	return from.Walk(ctx, nil, func(_ K, v V) (bool, error) {
		*into = append(*into, v)
		return false, nil
	})
}
