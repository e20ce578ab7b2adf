package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/protocol/receipt"
)

// ErrUnaudited: the source has sent so much that its auditors have not confirmed yet that no more is taken.
var ErrUnaudited = errors.New("too much of it is not audited yet")

// unaudited utop that were taken from a source.
func (k *Keeper) unaudited(ctx context.Context, source string) (sum uint64, err error) {
	err = k.Unaudited.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](source), func(_ collections.Pair[string, uint64], utop uint64) (bool, error) {
		sum += utop
		return false, nil
	})
	return sum, err
}

// hold what a batch brings against the bound of what is taken without audit: a rolling sum for each source, for a million small receipts are as good as a large one. A header that auditors confirm at height h commits the state of h − 1.
func (k *Keeper) hold(ctx context.Context, b *receipt.Batch, utop uint64) error {
	params, err := k.Params.Get(ctx)
	if err != nil || params.UnauditedUtop == 0 {
		return err
	}
	standing, err := k.standing(ctx, b.Source)
	if err != nil {
		return err
	}
	if b.Height < standing.AuditedHeight {
		return nil
	}
	sum, err := k.unaudited(ctx, b.Source)
	if err != nil {
		return err
	}
	if sum+utop < sum || sum+utop > params.UnauditedUtop {
		return fmt.Errorf("%w: %dutop of %s are, %d come with the batch of height %d, at most %d are taken; it waits for the auditors", ErrUnaudited, sum, b.Source, utop, b.Height, params.UnauditedUtop)
	}
	return k.Unaudited.Set(ctx, collections.Join(b.Source, b.Height), utop)
}

// release what auditors have confirmed.
func (k *Keeper) release(ctx context.Context, source string, audited uint64) error {
	var gone []collections.Pair[string, uint64]
	below := collections.NewPrefixedPairRange[string, uint64](source).EndExclusive(audited)
	if err := k.Unaudited.Walk(ctx, below, func(key collections.Pair[string, uint64], _ uint64) (bool, error) {
		gone = append(gone, key)
		return false, nil
	}); err != nil {
		return err
	}
	for _, key := range gone {
		if err := k.Unaudited.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
