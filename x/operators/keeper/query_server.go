package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/operators/types"
)

// queryServer is apart from Keeper, whose collection is named like the query.
type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Operators lists the validators in address order.
func (q queryServer) Operators(ctx context.Context, req *types.QueryOperatorsRequest) (*types.QueryOperatorsResponse, error) {
	ops, res, err := query.CollectionPaginate(ctx, q.k.Operators, req.Pagination, func(_ string, o types.Operator) (types.Operator, error) { return o, nil })
	if err != nil {
		return nil, err
	}
	return &types.QueryOperatorsResponse{Operators: ops, Pagination: res}, nil
}

// Operator answers one validator.
func (q queryServer) Operator(ctx context.Context, req *types.QueryOperatorRequest) (*types.QueryOperatorResponse, error) {
	if err := account.CheckQuery("operator", req.Address); err != nil {
		return nil, err
	}
	o, err := q.k.Operators.Get(ctx, req.Address)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "no operator %s", req.Address)
	}
	if err != nil {
		return nil, err
	}
	return &types.QueryOperatorResponse{Operator: o}, nil
}
