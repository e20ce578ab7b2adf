package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// notFound turns a missing record into the code that clients tell apart from a failure.
func notFound(err error) error {
	for _, missing := range []error{types.ErrNotFound, staketypes.ErrNotFound, collections.ErrNotFound} {
		if errors.Is(err, missing) {
			return status.Error(codes.NotFound, err.Error())
		}
	}
	return err
}

func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	devnet, err := q.k.devnet.Get(ctx)
	return &types.QueryParamsResponse{Params: p, Devnet: devnet}, err
}

func (q queryServer) Seed(ctx context.Context, req *types.QuerySeedRequest) (*types.QuerySeedResponse, error) {
	seed, err := q.k.Seed(ctx, req.Epoch)
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QuerySeedResponse{Seed: seed}, nil
}

func (q queryServer) SeedAfter(ctx context.Context, req *types.QuerySeedAfterRequest) (*types.QuerySeedAfterResponse, error) {
	p, err := q.k.SeedAfter(ctx, sortition.Moment{Height: req.Height, Time: req.Time})
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QuerySeedAfterResponse{Seed: p}, nil
}

func (q queryServer) Record(ctx context.Context, req *types.QueryRecordRequest) (*types.QueryRecordResponse, error) {
	r, err := q.k.Record(ctx, req.Epoch)
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QueryRecordResponse{ChainId: sdk.UnwrapSDKContext(ctx).ChainID(), Record: r}, nil
}

func (q queryServer) Proofs(ctx context.Context, req *types.QueryProofsRequest) (*types.QueryProofsResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.proofs, req.Pagination,
		func(_ proofKey, p types.Proof) (types.Proof, error) { return p, nil },
		query.WithCollectionPaginationPairPrefix[uint64, string](req.Epoch))
	return &types.QueryProofsResponse{Proofs: list, Pagination: page}, err
}

func (q queryServer) Election(ctx context.Context, req *types.QueryElectionRequest) (*types.QueryElectionResponse, error) {
	e, err := q.k.Election(ctx, req.Epoch)
	if err != nil {
		return nil, notFound(err)
	}
	return &types.QueryElectionResponse{Election: e}, nil
}

// Duty says what a transaction could publish in the next block.
func (q queryServer) Duty(ctx context.Context, req *types.QueryDutyRequest) (*types.QueryDutyResponse, error) {
	if err := account.CheckQuery("hot_address", req.HotAddress); err != nil {
		return nil, err
	}
	operator, err := q.k.stake.OperatorOf(ctx, req.HotAddress)
	if err != nil {
		return nil, notFound(err)
	}
	blocks, err := q.k.epochs.EpochBlocks(ctx)
	if err != nil {
		return nil, err
	}
	c := sdk.UnwrapSDKContext(ctx)
	now := epoch.At(c.BlockHeight(), blocks)
	r, err := q.k.Record(ctx, now)
	if err != nil {
		return nil, notFound(err)
	}
	res := &types.QueryDutyResponse{Operator: operator, Epoch: now}
	// As CheckTx sees it: the next block.
	ctx = c.WithIsCheckTx(true)
	if _, _, err := q.k.checkProof(ctx, &types.MsgPublishProof{Sender: req.HotAddress, Epoch: now}); err == nil {
		res.ProofAlpha = r.Alpha
	}
	index, _ := r.Turn()
	if _, err := q.k.checkSeal(ctx, &types.MsgSeal{Sender: req.HotAddress, Epoch: now, Index: index}); err == nil {
		alpha := r.Chain(c.ChainID()).Alpha()
		res.SealIndex, res.SealAlpha = index, alpha[:]
	}
	return res, nil
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
