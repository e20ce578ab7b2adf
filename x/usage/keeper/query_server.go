package keeper

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/usage/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// hexKey reads a session key.
func hexKey(s string) ([]byte, error) {
	key, err := hex.DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, status.Errorf(codes.InvalidArgument, "session key %q: want hex of %d bytes", s, ed25519.PublicKeySize)
	}
	return key, nil
}

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

func (q queryServer) Chain(ctx context.Context, _ *types.QueryChainRequest) (*types.QueryChainResponse, error) {
	c, err := q.k.chain.Get(ctx)
	return &types.QueryChainResponse{Chain: c}, err
}

func (q queryServer) Epoch(ctx context.Context, _ *types.QueryEpochRequest) (*types.QueryEpochResponse, error) {
	h, chain, err := q.k.mainHeight(ctx)
	if err != nil {
		return nil, err
	}
	return &types.QueryEpochResponse{Epoch: epoch.At(h, chain.EpochBlocks), MainHeight: uint64(h), EpochBlocks: chain.EpochBlocks}, nil
}

func (q queryServer) Credit(ctx context.Context, req *types.QueryCreditRequest) (*types.QueryCreditResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	c, err := q.k.credit(ctx, req.Owner)
	if err != nil {
		return nil, notFound(err)
	}
	c, err = q.k.withKeys(ctx, c)
	return &types.QueryCreditResponse{Credit: c}, err
}

func (q queryServer) Credits(ctx context.Context, req *types.QueryCreditsRequest) (*types.QueryCreditsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.credits, req.Pagination, func(_ string, c types.Credit) (types.Credit, error) { return q.k.withKeys(ctx, c) })
	return &types.QueryCreditsResponse{Credits: list, Pagination: page}, err
}

func (q queryServer) SubLine(ctx context.Context, req *types.QuerySubLineRequest) (*types.QuerySubLineResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	key, err := hexKey(req.SessionKey)
	if err != nil {
		return nil, err
	}
	l, err := q.k.subLine(ctx, req.Owner, req.Provider, key)
	return &types.QuerySubLineResponse{SubLine: l}, notFound(err)
}

func (q queryServer) SubLines(ctx context.Context, req *types.QuerySubLinesRequest) (*types.QuerySubLinesResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.subLines, req.Pagination,
		func(_ lineKey, l types.SubLine) (types.SubLine, error) { return l, nil },
		func(o *query.CollectionsPaginateOptions[lineKey]) {
			prefix := collections.TriplePrefix[string, string, []byte](req.Owner)
			o.Prefix = &prefix
		})
	return &types.QuerySubLinesResponse{SubLines: list, Pagination: page}, err
}

func (q queryServer) KeySpending(ctx context.Context, req *types.QueryKeySpendingRequest) (*types.QueryKeySpendingResponse, error) {
	if err := account.CheckQuery("owner", req.Owner); err != nil {
		return nil, err
	}
	key, err := hexKey(req.Key)
	if err != nil {
		return nil, err
	}
	s, err := q.k.spending(ctx, req.Owner, key)
	return &types.QueryKeySpendingResponse{Spending: s}, err
}

func (q queryServer) Provider(ctx context.Context, req *types.QueryProviderRequest) (*types.QueryProviderResponse, error) {
	if err := account.CheckQuery("provider", req.Address); err != nil {
		return nil, err
	}
	p, err := q.k.provider(ctx, req.Address)
	return &types.QueryProviderResponse{Provider: p}, notFound(err)
}

func (q queryServer) Providers(ctx context.Context, req *types.QueryProvidersRequest) (*types.QueryProvidersResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.providers, req.Pagination, func(_ string, p types.Provider) (types.Provider, error) { return p, nil })
	return &types.QueryProvidersResponse{Providers: list, Pagination: page}, err
}

func (q queryServer) Claim(ctx context.Context, req *types.QueryClaimRequest) (*types.QueryClaimResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	c, err := q.k.claimWithDebits(ctx, req.Provider, req.Epoch)
	return &types.QueryClaimResponse{Claim: c}, notFound(err)
}

func (q queryServer) Claims(ctx context.Context, req *types.QueryClaimsRequest) (*types.QueryClaimsResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.claims, req.Pagination, func(_ claimID, c types.Claim) (types.Claim, error) { return c, nil },
		query.WithCollectionPaginationPairPrefix[string, uint64](req.Provider))
	return &types.QueryClaimsResponse{Claims: list, Pagination: page}, err
}

// AwaitedSeed is asked by relayers in every round.
func (q queryServer) AwaitedSeed(ctx context.Context, _ *types.QueryAwaitedSeedRequest) (*types.QueryAwaitedSeedResponse, error) {
	c, err := q.k.awaitsSeed(ctx)
	if errors.Is(err, types.ErrNotAwaited) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	m := c.Committed()
	return &types.QueryAwaitedSeedResponse{AfterHeight: m.Height, AfterTime: m.Time}, err
}

func (q queryServer) Settlements(ctx context.Context, req *types.QuerySettlementsRequest) (*types.QuerySettlementsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.settlements, req.Pagination, func(_ uint64, s types.Settlement) (types.Settlement, error) { return s, nil })
	return &types.QuerySettlementsResponse{Settlements: list, Pagination: page}, err
}

func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
