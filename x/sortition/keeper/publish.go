package keeper

import (
	"context"
	"slices"
	"sort"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/sortition/types"
)

// publish the seed of the epoch after a record's for other chains. Published seeds are kept for good: a claim that waits for one has no use for another. A seed that nobody
// sealed is not published: whoever saw the collection close knew it.
func (k *Keeper) publish(ctx context.Context, r types.Record) error {
	if !slices.ContainsFunc(r.Sealers, func(s types.Sealer) bool { return len(s.Proof) > 0 }) {
		return nil
	}
	p := types.PublishedSeed{Epoch: r.Epoch + 1, Seed: r.NextSeed, SealingHeight: r.CloseHeight, SealingTime: r.SealingTime}
	last, _, err := k.nextPublished(ctx, new(collections.Range[uint64]).EndExclusive(p.Epoch).Descending())
	if err != nil {
		return err
	}
	p.PreviousHeight, p.PreviousTime = last.SealingHeight, last.SealingTime
	return k.published.Set(ctx, p.Epoch, p)
}

// nextPublished is the first seed of a range.
func (k *Keeper) nextPublished(ctx context.Context, r collections.Ranger[uint64]) (p types.PublishedSeed, found bool, err error) {
	err = k.published.Walk(ctx, r, func(_ uint64, first types.PublishedSeed) (bool, error) {
		p, found = first, true
		return true, nil
	})
	return p, found, err
}

// SeedAfter is the first published seed whose sealing began after a moment. Both rise with the epochs: it is searched for by halves.
func (k *Keeper) SeedAfter(ctx context.Context, m sortition.Moment) (types.PublishedSeed, error) {
	newest, _, err := k.nextPublished(ctx, new(collections.Range[uint64]).Descending())
	if err != nil {
		return newest, err
	}
	if !m.Before(newest.Sealing()) {
		return types.PublishedSeed{}, errorsmod.Wrapf(types.ErrNotFound, "no published seed was sealed after height %d and %d ns: it is made by the end of the next epoch, or of a later one if nobody seals", m.Height, m.Time)
	}
	at := func(epoch uint64) types.PublishedSeed {
		p, _, failed := k.nextPublished(ctx, new(collections.Range[uint64]).StartInclusive(epoch))
		if failed != nil {
			err = failed
		}
		return p
	}
	epoch := sort.Search(int(newest.Epoch), func(epoch int) bool { return m.Before(at(uint64(epoch)).Sealing()) })
	return at(uint64(epoch)), err
}
