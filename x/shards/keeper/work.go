package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/topnetwork/top/x/shards/types"
)

// ratedPerBlock caps the works of epochs that are over which one block looks at.
const ratedPerBlock = 100

// million is what shares are of.
const million = 1_000_000

// countWork of a member whose signature an anchored commit has, or lacks.
func (k *Keeper) countWork(ctx context.Context, epoch uint64, operator string, signed bool) error {
	key := collections.Join(epoch, operator)
	w, err := k.works.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		w = types.Work{Epoch: epoch, Operator: operator}
	} else if err != nil {
		return err
	}
	if w.Due++; signed {
		w.Signed++
	}
	return k.works.Set(ctx, key, w)
}

// rate works of epochs that are over: who signed less than it should was absent, once for an epoch, in however many shards.
func (k *Keeper) rate(ctx context.Context, now uint64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	var over []types.Work
	if err := k.works.Walk(ctx, nil, func(key workKey, w types.Work) (bool, error) {
		if key.K1() >= now {
			return true, nil
		}
		over = append(over, w)
		return len(over) == ratedPerBlock, nil
	}); err != nil {
		return err
	}
	for _, w := range over {
		if err := k.works.Remove(ctx, collections.Join(w.Epoch, w.Operator)); err != nil {
			return err
		}
		if math.NewIntFromUint64(w.Signed).MulRaw(million).LT(math.NewIntFromUint64(w.Due).Mul(math.NewIntFromUint64(params.AbsenceBelow))) {
			if err := k.Reputation.RecordAbsence(ctx, w.Operator); err != nil {
				return err
			}
		}
	}
	return nil
}
