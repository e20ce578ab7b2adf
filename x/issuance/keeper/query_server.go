package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/x/issuance/types"
)

const (
	// maxSchedule caps the years that one query answers; defaultSchedule are answered unasked.
	maxSchedule     = 200
	defaultSchedule = 20
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

func (q queryServer) Supply(ctx context.Context, _ *types.QuerySupplyRequest) (*types.QuerySupplyResponse, error) {
	params, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	clock, err := q.k.clock.Get(ctx)
	if err != nil {
		return nil, err
	}
	supply, err := q.k.supply(ctx)
	if err != nil {
		return nil, err
	}
	issued := clock.Issued()
	return &types.QuerySupplyResponse{
		Supply: supply, Base: clock.BaseUtop, Issued: issued, Burned: clock.BaseUtop + issued - supply,
		ReserveLeft: params.Schedule().Left(issued), Year: clock.Year, YearIssued: issued - clock.IssuedBefore, Split: clock.Split,
	}, nil
}

func (q queryServer) Years(ctx context.Context, req *types.QueryYearsRequest) (*types.QueryYearsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.years, req.Pagination, func(_ uint64, y types.Year) (types.Year, error) { return y, nil })
	return &types.QueryYearsResponse{Years: list, Pagination: page}, err
}

func (q queryServer) Schedule(ctx context.Context, req *types.QueryScheduleRequest) (*types.QueryScheduleResponse, error) {
	count := req.Years
	if count == 0 {
		count = defaultSchedule
	}
	if count > maxSchedule {
		return nil, status.Errorf(codes.InvalidArgument, "%d years, at most %d", count, maxSchedule)
	}
	params, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	clock, err := q.k.clock.Get(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryScheduleResponse{Years: []types.Year{clock.Year}}
	schedule, issued := params.Schedule(), clock.IssuedBefore+clock.Year.Utop
	for uint32(len(res.Years)) < count {
		y := schedule.Begin(clock.Year.Number+uint64(len(res.Years)), issued)
		issued += y.Utop
		res.Years = append(res.Years, types.NewYear(y))
	}
	return res, nil
}

func (q queryServer) Epoch(ctx context.Context, req *types.QueryEpochRequest) (*types.QueryEpochResponse, error) {
	e, err := q.k.Epoch(ctx, req.Epoch)
	return &types.QueryEpochResponse{Epoch: e}, notFound(err)
}

func (q queryServer) LastEpoch(ctx context.Context, _ *types.QueryLastEpochRequest) (*types.QueryLastEpochResponse, error) {
	e, err := q.k.LastEpoch(ctx)
	return &types.QueryLastEpochResponse{Epoch: e}, notFound(err)
}

// notFound makes a missing record a 404.
func notFound(err error) error {
	if errors.Is(err, types.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
