package keeper

import (
	"context"
	"errors"
	"maps"
	"slices"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	// batchesByDefault and maxBatches of one answer.
	batchesByDefault, maxBatches = 20, 100
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p, Gate: sendtx.Bech32(receipt.GateAddress())}, err
}

// Ledgers are the shards that have accounts now, and those that still have something in a box.
func (q queryServer) Ledgers(ctx context.Context, _ *types.QueryLedgersRequest) (res *types.QueryLedgersResponse, err error) {
	res = &types.QueryLedgersResponse{Height: uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())}
	if res.Queued, err = q.k.queue.len(ctx); err != nil {
		return nil, err
	}
	if res.Leaving, err = q.k.leaving.len(ctx); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	table, err := q.k.Zones.Table(ctx)
	if err != nil && !errors.Is(err, zonestypes.ErrNotFound) {
		return nil, err
	}
	for _, r := range table.Routes {
		names[r.Name] = true
	}
	if err := q.k.outboxes.Walk(ctx, nil, func(name string, _ latticetypes.Outbox) (bool, error) { names[name] = true; return false, nil }); err != nil {
		return nil, err
	}
	if err := q.k.inboxes.Walk(ctx, nil, func(name string, _ latticetypes.Inbox) (bool, error) { names[name] = true; return false, nil }); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l := latticetypes.Ledger{Name: name}
		if l.Outbox, err = or(q.k.outboxes.Get(ctx, name)); err != nil {
			return nil, err
		}
		if l.Inbox, err = or(q.k.inboxes.Get(ctx, name)); err != nil {
			return nil, err
		}
		if l.UnauditedUtop, err = or(q.k.unauditedSums.Get(ctx, name)); err != nil {
			return nil, err
		}
		res.Ledgers = append(res.Ledgers, l)
	}
	return res, nil
}

// Batches that wait for a shard.
func (q queryServer) Batches(ctx context.Context, req *types.QueryBatchesRequest) (*types.QueryBatchesResponse, error) {
	if req.Destination == "" {
		return nil, status.Error(codes.InvalidArgument, "destination is empty, e.g. top-z0.s1-1")
	}
	limit := int(req.Limit)
	if limit == 0 {
		limit = batchesByDefault
	}
	limit = min(limit, maxBatches)
	res := &types.QueryBatchesResponse{}
	from := collections.NewPrefixedPairRange[string, uint64](req.Destination).StartExclusive(req.After)
	err := q.k.batches.Walk(ctx, from, func(key heightKey, batch []byte) (bool, error) {
		raw, err := latticetypes.BatchKey(req.Destination, key.K2())
		if err != nil {
			return true, err
		}
		res.Batches = append(res.Batches, latticetypes.Batch{Height: key.K2(), Batch: batch, Key: raw})
		return len(res.Batches) >= limit, nil
	})
	return res, err
}

func (q queryServer) Books(ctx context.Context, _ *types.QueryBooksRequest) (*types.QueryBooksResponse, error) {
	b, err := q.k.Books(ctx)
	return &types.QueryBooksResponse{Books: b, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}, err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
