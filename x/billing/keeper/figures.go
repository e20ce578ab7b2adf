package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/billing/types"
)

// maxCounted bounds what figures count one by one.
const maxCounted = 10_000

// PoolFigures are what operators watch of one service chain, in utop.
type PoolFigures struct {
	ChainID string
	// Pool is what payers have put behind the chain and it has not settled, Unpaid what it has settled and providers have not got yet.
	Pool, Unpaid uint64
}

// Figures of all service chains in the order of their ids, and the number of open disputes (at most maxCounted).
func (k *Keeper) Figures(ctx context.Context) ([]PoolFigures, uint64, error) {
	var pools []PoolFigures
	err := k.pools.Walk(ctx, nil, func(id string, p types.Pool) (bool, error) {
		unpaid, err := k.unpaid.Get(ctx, collections.Join(id, ""))
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return true, err
		}
		pools = append(pools, PoolFigures{ChainID: id, Pool: p.Amount, Unpaid: unpaid})
		return false, nil
	})
	if err != nil {
		return nil, 0, err
	}
	var disputes uint64
	err = k.disputeQueue.Walk(ctx, nil, func(collections.Quad[uint64, string, uint64, string]) (bool, error) {
		disputes++
		return disputes == maxCounted, nil
	})
	return pools, disputes, err
}
