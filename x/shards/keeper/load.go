package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/shards/types"
)

// load of a shard in the present epoch. Where an epoch went by in which nobody looked, nothing was proven in it.
func (k *Keeper) load(ctx context.Context, name string) (types.Load, error) {
	now, _, err := k.epoch(ctx)
	if err != nil {
		return types.Load{}, err
	}
	l, err := k.loads.Get(ctx, name)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Load{Shard: name, Epoch: now}, nil
	}
	if err != nil || l.Epoch >= now {
		return l, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return l, err
	}
	if l.Epoch+1 < now {
		l.High, l.LastTransfers = 0, 0
	} else {
		l.LastTransfers = l.Transfers
	}
	if params.SplitLoad > 0 && l.LastTransfers > params.SplitLoad {
		l.High++
	} else {
		l.High = 0
	}
	if params.MergeLoad > 0 && l.LastTransfers <= params.MergeLoad {
		l.Low++
	} else {
		l.Low = 0
	}
	l.Epoch, l.Transfers = now, 0
	return l, nil
}

// addLoad of transfers that are proven.
func (k *Keeper) addLoad(ctx context.Context, name string, transfers uint64) error {
	l, err := k.load(ctx, name)
	if err != nil {
		return err
	}
	l.Transfers += transfers
	return k.loads.Set(ctx, name, l)
}
