package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/sortition/types"
)

// Pool is what every committee of an epoch is drawn from, the main chain's and those of shards: the seed that was made two epochs before, and who proved then, with the weights of the snapshot before.
// ErrNotFound where no election could be held.
func (k *Keeper) Pool(ctx context.Context, epoch uint64) (sortition.Seed, []sortition.Candidate, error) {
	if epoch < 2 {
		return sortition.Seed{}, nil, errorsmod.Wrapf(types.ErrNotFound, "nobody is drawn for epoch %d: the first draw is for epoch 2", epoch)
	}
	r, err := k.Record(ctx, epoch-2)
	if err != nil {
		return sortition.Seed{}, nil, err
	}
	if len(r.NextSeed) == 0 || len(r.Sealers) == 0 {
		return sortition.Seed{}, nil, errorsmod.Wrapf(types.ErrNotFound, "nobody is drawn for epoch %d: epoch %d made no seed that somebody sealed", epoch, r.Epoch)
	}
	candidates, err := k.candidates(ctx, r)
	return sortition.Seed(r.NextSeed), candidates, err
}

// FirstSeed is that of the next epoch to open: before the first block the one that genesis has.
func (k *Keeper) FirstSeed(ctx context.Context) (sortition.Seed, error) {
	seed, err := k.seed.Get(ctx)
	if err != nil {
		return sortition.Seed{}, err
	}
	return sortition.Seed(seed), nil
}
