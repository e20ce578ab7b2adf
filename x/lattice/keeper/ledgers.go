package keeper

import (
	"context"
	"errors"
	"maps"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/lattice/types"
)

const (
	// batchesByDefault and maxBatches of one answer, and maxBatchBytes of it: the last one may go beyond.
	batchesByDefault, maxBatches = 20, 100
	maxBatchBytes                = 2 << 20
)

// Ledgers that the shard exchanges receipts with.
func (q *queryServer) Ledgers(ctx context.Context, _ *types.QueryLedgersRequest) (*types.QueryLedgersResponse, error) {
	c := sdk.UnwrapSDKContext(ctx)
	names, err := q.ledgers(ctx)
	if err != nil {
		return nil, err
	}
	add := func(name string) { names[name] = true }
	main, err := q.mainChain(ctx)
	if err != nil {
		return nil, err
	}
	if main != "" {
		add(main)
	}
	if err := q.Outboxes.Walk(ctx, nil, func(name string, _ types.Outbox) (bool, error) { add(name); return false, nil }); err != nil {
		return nil, err
	}
	if err := q.Inboxes.Walk(ctx, nil, func(name string, _ types.Inbox) (bool, error) {
		// Parts of an inbox have no cursor that anybody goes by.
		if _, _, part, _ := types.CutPart(name); !part {
			add(name)
		}
		return false, nil
	}); err != nil {
		return nil, err
	}
	res := &types.QueryLedgersResponse{Height: uint64(c.BlockHeight())}
	if res.FinalHeight, err = q.Final.Get(ctx); err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	routing, err := q.routing(ctx)
	if err != nil {
		return nil, err
	}
	res.RoutingVersion = routing.Version
	if err := q.Settlements.Walk(ctx, nil, func(_ string, s types.Settlement) (bool, error) {
		res.Settlements = append(res.Settlements, s)
		return false, nil
	}); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l := types.Ledger{Name: name}
		if l.Outbox, err = q.outbox(ctx, name); err != nil {
			return nil, err
		}
		if l.Inbox, err = q.inbox(ctx, name); err != nil {
			return nil, err
		}
		if terms, err := q.terms(ctx, name); err == nil {
			l.Members = &terms[0]
		}
		standing, err := q.standing(ctx, name)
		if err != nil {
			return nil, err
		}
		l.Standing = &standing
		if l.UnauditedUtop, err = q.unaudited(ctx, name); err != nil {
			return nil, err
		}
		res.Ledgers = append(res.Ledgers, l)
	}
	return res, nil
}

// Batches that wait for a destination.
func (q *queryServer) Batches(ctx context.Context, req *types.QueryBatchesRequest) (*types.QueryBatchesResponse, error) {
	if req.Destination == "" {
		return nil, status.Error(codes.InvalidArgument, "destination is empty, e.g. top-z0.s1-1")
	}
	limit := int(req.Limit)
	if limit == 0 {
		limit = batchesByDefault
	}
	limit = min(limit, maxBatches)
	res, size := &types.QueryBatchesResponse{}, 0
	from := collections.NewPrefixedPairRange[string, uint64](req.Destination).StartExclusive(req.After)
	err := q.Keeper.Batches.Walk(ctx, from, func(key collections.Pair[string, uint64], batch []byte) (bool, error) {
		raw, err := types.BatchKey(req.Destination, key.K2())
		if err != nil {
			return true, err
		}
		res.Batches = append(res.Batches, types.Batch{Height: key.K2(), Batch: batch, Key: raw})
		size += len(batch)
		return len(res.Batches) >= limit || size >= maxBatchBytes, nil
	})
	return res, err
}
