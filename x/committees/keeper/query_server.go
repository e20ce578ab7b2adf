package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/committees/types"
	"github.com/topnetwork/top/x/internal/account"
)

// maxPage caps what one query answers; a term of a large committee is 15 kB.
const maxPage = 100

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) Committee(ctx context.Context, _ *types.QueryCommitteeRequest) (*types.QueryCommitteeResponse, error) {
	c, err := q.k.committee.Get(ctx)
	return &types.QueryCommitteeResponse{Committee: c, Power: types.Power}, err
}

func (q queryServer) Terms(ctx context.Context, req *types.QueryTermsRequest) (*types.QueryTermsResponse, error) {
	if req.Pagination != nil && req.Pagination.Limit > maxPage {
		return nil, status.Errorf(codes.InvalidArgument, "page limit %d, at most %d", req.Pagination.Limit, maxPage)
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.terms, req.Pagination, func(_ int64, t types.Term) (types.Term, error) { return t, nil })
	return &types.QueryTermsResponse{Terms: list, Pagination: page}, err
}

func (q queryServer) Term(ctx context.Context, req *types.QueryTermRequest) (*types.QueryTermResponse, error) {
	res := &types.QueryTermResponse{}
	found := false
	err := q.k.terms.Walk(ctx, new(collections.Range[int64]).EndInclusive(req.Height).Descending(), func(_ int64, t types.Term) (bool, error) {
		res.Term, found = t, true
		return true, nil
	})
	if err == nil && !found {
		err = status.Errorf(codes.NotFound, "no term at height %d is kept", req.Height)
	}
	return res, err
}

func (q queryServer) Member(ctx context.Context, req *types.QueryMemberRequest) (*types.QueryMemberResponse, error) {
	if err := account.CheckQuery("operator", req.Operator); err != nil {
		return nil, err
	}
	c, err := q.k.committee.Get(ctx)
	if err != nil {
		return nil, err
	}
	_, whyNot, err := q.k.able(ctx, req.Operator)
	if err != nil {
		return nil, err
	}
	res := &types.QueryMemberResponse{
		Sits:    slices.Contains(types.Operators(c.Members), req.Operator),
		Standby: uint32(slices.Index(c.Line.Standbys, req.Operator) + 1),
		Able:    whyNot == "", WhyNot: whyNot,
	}
	res.Tokens, res.Pagination, err = query.CollectionPaginate(ctx, q.k.tokens, req.Pagination, func(_ tokensKey, t types.Tokens) (types.Tokens, error) { return t, nil },
		query.WithCollectionPaginationPairPrefix[string, int64](req.Operator))
	return res, err
}

func (q queryServer) Work(ctx context.Context, req *types.QueryWorkRequest) (*types.QueryWorkResponse, error) {
	w, err := q.k.Work(ctx, req.Epoch)
	if errors.Is(err, types.ErrNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	return &types.QueryWorkResponse{Work: w}, err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
