package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/services/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// notFound turns a missing record into the code that clients tell apart from a failure.
func notFound(err error) error {
	if errors.Is(err, types.ErrNotFound) || errors.Is(err, collections.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) ServiceTypes(ctx context.Context, req *types.QueryServiceTypesRequest) (*types.QueryServiceTypesResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.serviceTypes, req.Pagination, func(_ string, t types.ServiceType) (types.ServiceType, error) { return t, nil })
	return &types.QueryServiceTypesResponse{Types: list, Pagination: page}, err
}

func (q queryServer) ServiceChains(ctx context.Context, req *types.QueryServiceChainsRequest) (*types.QueryServiceChainsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.chains, req.Pagination, func(_ string, c types.ServiceChain) (types.ServiceChain, error) { return c, nil })
	return &types.QueryServiceChainsResponse{Chains: list, Pagination: page}, err
}

func (q queryServer) ServiceChain(ctx context.Context, req *types.QueryServiceChainRequest) (*types.QueryServiceChainResponse, error) {
	c, err := q.k.Chain(ctx, req.ChainId)
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QueryServiceChainResponse{Chain: c}, nil
}

func (q queryServer) Providers(ctx context.Context, req *types.QueryProvidersRequest) (*types.QueryProvidersResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.providers, req.Pagination,
		func(_ collections.Pair[string, string], p types.Provider) (types.Provider, error) { return p, nil },
		query.WithCollectionPaginationPairPrefix[string, string](req.ChainId))
	return &types.QueryProvidersResponse{Providers: list, Pagination: page}, err
}

func (q queryServer) Provider(ctx context.Context, req *types.QueryProviderRequest) (*types.QueryProviderResponse, error) {
	if err := account.CheckQuery("provider", req.Address); err != nil {
		return nil, err
	}
	p, err := q.k.Provider(ctx, req.ChainId, req.Address)
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QueryProviderResponse{Provider: p}, nil
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
