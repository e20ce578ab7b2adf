package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/internal/account"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) Epoch(ctx context.Context, _ *types.QueryEpochRequest) (*types.QueryEpochResponse, error) {
	now, err := q.k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := q.k.epochBlocks.Get(ctx)
	return &types.QueryEpochResponse{Epoch: now, EpochBlocks: blocks, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}, err
}

func (q queryServer) Escrow(ctx context.Context, req *types.QueryEscrowRequest) (*types.QueryEscrowResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	e, err := q.k.escrow(ctx, req.Owner)
	if errors.Is(err, types.ErrNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	return &types.QueryEscrowResponse{Escrow: e}, err
}

func (q queryServer) Escrows(ctx context.Context, req *types.QueryEscrowsRequest) (*types.QueryEscrowsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.escrows, req.Pagination, func(_ string, e types.Escrow) (types.Escrow, error) { return e, nil })
	return &types.QueryEscrowsResponse{Escrows: list, Pagination: page}, err
}

func (q queryServer) CreditLines(ctx context.Context, req *types.QueryCreditLinesRequest) (*types.QueryCreditLinesResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.lines, req.Pagination,
		func(_ collections.Pair[string, string], l types.CreditLine) (types.CreditLine, error) { return l, nil },
		query.WithCollectionPaginationPairPrefix[string, string](req.Owner))
	return &types.QueryCreditLinesResponse{CreditLines: list, Pagination: page}, err
}

func (q queryServer) Pool(ctx context.Context, req *types.QueryPoolRequest) (*types.QueryPoolResponse, error) {
	p, err := q.k.pools.Get(ctx, req.ChainId)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "nobody has opened a credit line on %q", req.ChainId)
	}
	return &types.QueryPoolResponse{Pool: p}, err
}

func (q queryServer) Settlements(ctx context.Context, req *types.QuerySettlementsRequest) (*types.QuerySettlementsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.settlements, req.Pagination,
		func(_ collections.Pair[string, uint64], s types.Settlement) (types.Settlement, error) { return s, nil },
		query.WithCollectionPaginationPairPrefix[string, uint64](req.ChainId))
	return &types.QuerySettlementsResponse{Settlements: list, Pagination: page}, err
}

func (q queryServer) Payouts(ctx context.Context, req *types.QueryPayoutsRequest) (*types.QueryPayoutsResponse, error) {
	list, page, err := paginateTriples(ctx, q.k.payouts, req.Pagination, req.ChainId)
	return &types.QueryPayoutsResponse{Payouts: list, Pagination: page}, err
}

func (q queryServer) Payout(ctx context.Context, req *types.QueryPayoutRequest) (*types.QueryPayoutResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	p, err := q.k.payout(ctx, req.ChainId, req.Epoch, req.Provider)
	if errors.Is(err, types.ErrNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	return &types.QueryPayoutResponse{Payout: p}, err
}

// paginateTriples lists what a map holds for a service chain.
func paginateTriples[V any](ctx context.Context, m collections.Map[collections.Triple[string, uint64, string], V], page *query.PageRequest, chainID string) ([]V, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, m, page,
		func(_ collections.Triple[string, uint64, string], v V) (V, error) { return v, nil },
		func(o *query.CollectionsPaginateOptions[collections.Triple[string, uint64, string]]) {
			prefix := collections.TriplePrefix[string, uint64, string](chainID)
			o.Prefix = &prefix
		})
}

func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	recorded, balance, err := q.k.Books(ctx)
	res := &types.QueryInvariantsResponse{Ok: err == nil, Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Recorded: recorded}
	if err != nil {
		res.Broken = err.Error()
	}
	if balance.IsUint64() {
		res.Balance = balance.Uint64()
	}
	return res, nil
}
