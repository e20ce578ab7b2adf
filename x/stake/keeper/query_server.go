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
	"github.com/topnetwork/top/x/stake/types"
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

func (q queryServer) Nodes(ctx context.Context, req *types.QueryNodesRequest) (*types.QueryNodesResponse, error) {
	list, page, err := query.CollectionPaginate(ctx, q.k.nodes, req.Pagination, func(_ string, n types.Node) (types.Node, error) { return n, nil })
	return &types.QueryNodesResponse{Nodes: list, Pagination: page}, err
}

func (q queryServer) Node(ctx context.Context, req *types.QueryNodeRequest) (*types.QueryNodeResponse, error) {
	if err := account.CheckQuery("operator", req.Operator); err != nil {
		return nil, err
	}
	n, err := q.k.Node(ctx, req.Operator)
	if err != nil {
		return nil, notFound(err)
	}
	params, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := q.k.weigh(ctx, params, n)
	return &types.QueryNodeResponse{Node: n, Stake: entry}, err
}

// History asks each kept snapshot; there are at most history_epochs.
func (q queryServer) History(ctx context.Context, req *types.QueryHistoryRequest) (*types.QueryHistoryResponse, error) {
	if err := account.CheckQuery("operator", req.Operator); err != nil {
		return nil, err
	}
	res := &types.QueryHistoryResponse{}
	return res, q.k.snapshots.Walk(ctx, nil, func(epoch uint64, _ types.Snapshot) (bool, error) {
		entry, err := q.k.entries.Get(ctx, collections.Join(epoch, req.Operator))
		if errors.Is(err, collections.ErrNotFound) {
			return false, nil
		}
		res.Entries = append(res.Entries, types.EpochEntry{Epoch: epoch, Entry: entry})
		return false, err
	})
}

func (q queryServer) Snapshot(ctx context.Context, req *types.QuerySnapshotRequest) (*types.QuerySnapshotResponse, error) {
	s, err := q.k.snapshots.Get(ctx, req.Epoch)
	if err != nil {
		return nil, notFound(err)
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.entries, req.Pagination,
		func(_ entryKey, e types.Entry) (types.Entry, error) { return e, nil },
		query.WithCollectionPaginationPairPrefix[uint64, string](req.Epoch))
	return &types.QuerySnapshotResponse{Snapshot: s, Entries: list, Pagination: page}, err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
