package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	cmttypes "github.com/cometbft/cometbft/types"
)

// ErrUnaudited tells that the source has sent so much that its auditors have not confirmed yet that no more is taken.
var ErrUnaudited = errors.New("too much of it is not audited yet")

// unaudited utop that were taken from a source.
func (k *Keeper) unaudited(ctx context.Context, source string) (uint64, error) {
	sum, err := k.UnauditedSums.Get(ctx, source)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return sum, err
}

// addUnaudited utop that were taken by a proof of a height.
func (k *Keeper) addUnaudited(ctx context.Context, source string, height, utop uint64) error {
	sum, err := k.unaudited(ctx, source)
	if err != nil {
		return err
	}
	key := collections.Join(source, height)
	before, err := k.Unaudited.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.Unaudited.Set(ctx, key, before+utop); err != nil {
		return err
	}
	return k.UnauditedSums.Set(ctx, source, sum+utop)
}

// hold what a source brings against the bound of what is taken without audit: a rolling sum for each source, for a million small receipts are as good as a large one. What counts is the header that proves it: the height
// of a batch is what the source says. Only the header that auditors have confirmed, or with which the main chain let the source end, needs no bound; others of lower heights are not known to be of the same chain, and count until the next audit.
func (k *Keeper) hold(ctx context.Context, source string, by *cmttypes.Header, utop uint64) error {
	params, err := k.Params.Get(ctx)
	if err != nil || params.UnauditedUtop == 0 || utop == 0 {
		return err
	}
	standing, err := k.standing(ctx, source)
	if err != nil {
		return err
	}
	height := uint64(by.Height)
	if standing.Ended || height == standing.AuditedHeight && bytes.Equal(by.Hash(), standing.AuditedHash) {
		return nil
	}
	sum, err := k.unaudited(ctx, source)
	if err != nil {
		return err
	}
	if sum+utop < sum || sum+utop > params.UnauditedUtop {
		return fmt.Errorf("%w: %dutop of %s are, %d more come, at most %d are taken; it waits for the auditors, who are at height %d", ErrUnaudited, sum, source, utop, params.UnauditedUtop, standing.AuditedHeight)
	}
	return k.addUnaudited(ctx, source, max(height, standing.AuditedHeight+1), utop)
}

// release what auditors have confirmed.
func (k *Keeper) release(ctx context.Context, source string, audited uint64) error {
	var gone []collections.Pair[string, uint64]
	var released uint64
	upTo := collections.NewPrefixedPairRange[string, uint64](source).EndInclusive(audited)
	if err := k.Unaudited.Walk(ctx, upTo, func(key collections.Pair[string, uint64], utop uint64) (bool, error) {
		gone, released = append(gone, key), released+utop
		return false, nil
	}); err != nil || len(gone) == 0 {
		return err
	}
	for _, key := range gone {
		if err := k.Unaudited.Remove(ctx, key); err != nil {
			return err
		}
	}
	sum, err := k.unaudited(ctx, source)
	if err != nil {
		return err
	}
	if sum == released {
		return k.UnauditedSums.Remove(ctx, source)
	}
	return k.UnauditedSums.Set(ctx, source, sum-released)
}
