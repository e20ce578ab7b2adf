package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/x/gate/types"
)

// hold what a shard brings against the bound of what is taken without audit: a rolling sum for each shard, for a million small receipts are as good as a large one. What counts is the header that proves it. Only the one that
// auditors have confirmed, or with which the shard has ended, needs no bound.
func (k *Keeper) hold(ctx context.Context, source string, by *cmttypes.SignedHeader, utop uint64) error {
	params, err := k.params.Get(ctx)
	if err != nil || params.UnauditedUtop == 0 || utop == 0 {
		return err
	}
	sure, err := k.Shards.Confirmed(ctx, source, by)
	if err != nil || sure {
		return err
	}
	audited, err := k.Shards.Audited(ctx, source)
	if err != nil {
		return err
	}
	if err := k.release(ctx, source, audited.Height); err != nil {
		return err
	}
	sum, err := or(k.unauditedSums.Get(ctx, source))
	if err != nil {
		return err
	}
	if sum+utop < sum || sum+utop > params.UnauditedUtop {
		return errorsmod.Wrapf(types.ErrLater, "%d utop of %s are not audited, %d more come, at most %d are taken: too much of it is not audited yet; it waits for the auditors, who are at height %d", sum, source, utop, params.UnauditedUtop, audited.Height)
	}
	key := collections.Join(source, max(uint64(by.Height), audited.Height+1))
	before, err := or(k.unaudited.Get(ctx, key))
	if err != nil {
		return err
	}
	if err := k.unaudited.Set(ctx, key, before+utop); err != nil {
		return err
	}
	return k.unauditedSums.Set(ctx, source, sum+utop)
}

// release what auditors have confirmed.
func (k *Keeper) release(ctx context.Context, source string, audited uint64) error {
	var gone []heightKey
	var released uint64
	upTo := collections.NewPrefixedPairRange[string, uint64](source).EndInclusive(audited)
	if err := k.unaudited.Walk(ctx, upTo, func(key heightKey, utop uint64) (bool, error) {
		gone, released = append(gone, key), released+utop
		return false, nil
	}); err != nil || len(gone) == 0 {
		return err
	}
	for _, key := range gone {
		if err := k.unaudited.Remove(ctx, key); err != nil {
			return err
		}
	}
	sum, err := or(k.unauditedSums.Get(ctx, source))
	if err != nil {
		return err
	}
	if sum == released {
		return k.unauditedSums.Remove(ctx, source)
	}
	return k.unauditedSums.Set(ctx, source, sum-released)
}
