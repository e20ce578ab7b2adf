package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/zones/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer serves the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

func (q queryServer) current(ctx context.Context) (types.RoutingTable, error) {
	t, err := q.k.Table(ctx)
	if errors.Is(err, types.ErrNotFound) {
		return t, status.Error(codes.NotFound, err.Error())
	}
	return t, err
}

func (q queryServer) Table(ctx context.Context, _ *types.QueryTableRequest) (*types.QueryTableResponse, error) {
	t, err := q.current(ctx)
	return &types.QueryTableResponse{Table: t}, err
}

func (q queryServer) TableAt(ctx context.Context, req *types.QueryTableAtRequest) (*types.QueryTableAtResponse, error) {
	t, err := q.k.tables.Get(ctx, req.Version)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "no routing table of version %d is kept", req.Version)
	}
	return &types.QueryTableAtResponse{Table: t}, err
}

// Owner answers for any account that there could be.
func (q queryServer) Owner(ctx context.Context, req *types.QueryOwnerRequest) (*types.QueryOwnerResponse, error) {
	if err := account.CheckQuery("address", req.Address); err != nil {
		return nil, err
	}
	address, err := sdk.AccAddressFromBech32(req.Address)
	if err != nil || len(address) != lattice.AddressSize {
		return nil, status.Errorf(codes.InvalidArgument, "an address of %d bytes: accounts of shards have %d", len(address), lattice.AddressSize)
	}
	t, err := q.current(ctx)
	if err != nil {
		return nil, err
	}
	bucket := lattice.BucketOf(lattice.Address(address))
	owner, ok := t.Table().OwnerOf(bucket)
	if !ok {
		return nil, status.Errorf(codes.Internal, "nobody has bucket %d by routing table %d", bucket, t.Version)
	}
	zone, err := trie.ZoneOf(owner.Prefix, uint8(t.ZoneBits))
	return &types.QueryOwnerResponse{Shard: owner.Name, Zone: zone, Version: t.Version, Bucket: bucket}, err
}

// Invariants runs the module's checker.
func (q queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	res := &types.QueryInvariantsResponse{Ok: true, Height: sdk.UnwrapSDKContext(ctx).BlockHeight()}
	if err := q.k.Invariants(ctx); err != nil {
		res.Ok, res.Broken = false, err.Error()
	}
	return res, nil
}
