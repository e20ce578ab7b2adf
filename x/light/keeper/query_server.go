package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/light/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) Head(ctx context.Context, _ *types.QueryHeadRequest) (*types.QueryHeadResponse, error) {
	head, err := q.k.Head(ctx)
	if err != nil {
		return nil, notFound(err)
	}
	res := &types.QueryHeadResponse{Header: head}
	if res.Frozen, err = q.k.Frozen(ctx); err != nil {
		return nil, err
	}
	it, err := q.k.headers.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	heights, err := it.Keys()
	if err != nil {
		return nil, err
	}
	res.Oldest, res.Kept = heights[0], uint32(len(heights))
	return res, nil
}

func (q queryServer) Header(ctx context.Context, req *types.QueryHeaderRequest) (*types.QueryHeaderResponse, error) {
	h, err := q.k.Header(ctx, req.Height)
	return &types.QueryHeaderResponse{Header: h}, notFound(err)
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	c := sdk.UnwrapSDKContext(ctx)
	res := &types.QueryInvariantsResponse{Ok: true, Height: c.BlockHeight()}
	if err := q.k.Invariants(c); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}

// notFound is what a gateway answers for what is not there.
func notFound(err error) error {
	if errors.Is(err, types.ErrNoMainChain) || errors.Is(err, types.ErrNotKept) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}
