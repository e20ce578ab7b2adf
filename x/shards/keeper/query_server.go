package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/shards/types"
)

// maxPage caps what one query answers; a committee of 21 is 3 kB.
const maxPage = 100

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// notFound turns a missing record into the code that clients tell apart from a failure.
func notFound(err error) error {
	if errors.Is(err, types.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

func checkPage(p *query.PageRequest) error {
	if p != nil && p.Limit > maxPage {
		return status.Errorf(codes.InvalidArgument, "page limit %d, at most %d", p.Limit, maxPage)
	}
	return nil
}

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) Shards(ctx context.Context, req *types.QueryShardsRequest) (*types.QueryShardsResponse, error) {
	if err := checkPage(req.Pagination); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.shards, req.Pagination, func(_ string, s types.Shard) (types.Shard, error) { return s, nil })
	return &types.QueryShardsResponse{Shards: list, Pagination: page}, err
}

func (q queryServer) Shard(ctx context.Context, req *types.QueryShardRequest) (*types.QueryShardResponse, error) {
	s, err := q.k.Shard(ctx, req.Name)
	if err != nil {
		return nil, notFound(err)
	}
	res := &types.QueryShardResponse{Shard: s}
	anchor, err := q.k.anchors.Get(ctx, req.Name)
	if err == nil {
		res.Anchor = &anchor
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	audited, err := q.k.audited.Get(ctx, req.Name)
	if err == nil {
		res.Audited = &audited
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	res.Load, err = q.k.load(ctx, req.Name)
	return res, err
}

func (q queryServer) Committees(ctx context.Context, req *types.QueryCommitteesRequest) (*types.QueryCommitteesResponse, error) {
	if err := checkPage(req.Pagination); err != nil {
		return nil, err
	}
	if _, err := q.k.Shard(ctx, req.Name); err != nil {
		return nil, notFound(err)
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.committees, req.Pagination, func(_ termKey, c types.Committee) (types.Committee, error) { return c, nil },
		query.WithCollectionPaginationPairPrefix[string, uint64](req.Name))
	return &types.QueryCommitteesResponse{Committees: list, Pagination: page}, err
}

func (q queryServer) Committee(ctx context.Context, req *types.QueryCommitteeRequest) (*types.QueryCommitteeResponse, error) {
	c, err := q.k.Committee(ctx, req.Name, req.Term)
	return &types.QueryCommitteeResponse{Committee: c}, notFound(err)
}

func (q queryServer) Auditors(ctx context.Context, req *types.QueryAuditorsRequest) (*types.QueryAuditorsResponse, error) {
	now, _, err := q.k.epoch(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryAuditorsResponse{}
	if res.Auditors, err = q.k.Auditors(ctx, req.Zone, now); err != nil {
		return nil, notFound(err)
	}
	next, err := q.k.auditors.Get(ctx, collections.Join(req.Zone, now+1))
	if err == nil {
		res.Next = &next
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	return res, nil
}

func (q queryServer) Anchors(ctx context.Context, req *types.QueryAnchorsRequest) (*types.QueryAnchorsResponse, error) {
	if err := checkPage(req.Pagination); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.anchors, req.Pagination, func(_ string, a types.Anchor) (types.Anchor, error) { return a, nil })
	return &types.QueryAnchorsResponse{Anchors: list, Pagination: page}, err
}

func (q queryServer) Headers(ctx context.Context, req *types.QueryHeadersRequest) (*types.QueryHeadersResponse, error) {
	if err := checkPage(req.Pagination); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.headers, req.Pagination, func(_ headerKey, h types.Header) (types.Header, error) { return h, nil },
		query.WithCollectionPaginationPairPrefix[string, uint64](req.Name))
	return &types.QueryHeadersResponse{Headers: list, Pagination: page}, err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}

func (q queryServer) Fines(ctx context.Context, _ *types.QueryFinesRequest) (*types.QueryFinesResponse, error) {
	res := &types.QueryFinesResponse{Left: q.k.fined(ctx)}
	return res, collect(ctx, q.k.covered, &res.Covered)
}
