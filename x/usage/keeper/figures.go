package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/usage/types"
)

// maxCounted bounds what figures count one by one.
const maxCounted = 10_000

// Figures are what operators watch: how much work is under way. Each is at most maxCounted.
type Figures struct {
	// Claimed wait for their challenge, Challenged for their proof, Proven for a settlement packet.
	Claimed, Challenged, Proven uint64
	// WaitingSettlements are packets that the main chain has not acknowledged.
	WaitingSettlements uint64
}

// Figures of the current state.
func (k *Keeper) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	for _, q := range []struct {
		set   collections.KeySet[queueKey]
		count *uint64
	}{{k.undatedQueue, &f.Claimed}, {k.challengeQueue, &f.Claimed}, {k.deadlineQueue, &f.Challenged}, {k.provenQueue, &f.Proven}} {
		if err := q.set.Walk(ctx, nil, func(queueKey) (bool, error) {
			*q.count = min(*q.count+1, maxCounted)
			return *q.count == maxCounted, nil
		}); err != nil {
			return f, err
		}
	}
	// Newest first: old ones are acknowledged.
	seen := 0
	err := k.settlements.Walk(ctx, new(collections.Range[uint64]).Descending(), func(_ uint64, s types.Settlement) (bool, error) {
		if s.Status != types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED {
			f.WaitingSettlements++
		}
		seen++
		return seen == maxCounted, nil
	})
	return f, err
}
