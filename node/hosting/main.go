package hosting

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/node/directory"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// page of the queries that answer lists.
const page = 100

// main is the main chain as the host's own node tells it.
type main struct {
	ctx client.Context
	// hot address of the node, by which its operator is found.
	hot string
}

// height of the node's last block, and whether the node is still catching up with the chain.
func (m main) height(ctx context.Context) (height int64, catchingUp bool, err error) {
	node, ok := m.ctx.Client.(rpcclient.StatusClient)
	if !ok {
		return 0, false, errors.New("the node's client tells no status")
	}
	s, err := node.Status(ctx)
	if err != nil {
		return 0, false, err
	}
	return s.SyncInfo.LatestBlockHeight, s.SyncInfo.CatchingUp, nil
}

// header of a height, where the node still has that block.
func (m main) header(ctx context.Context, height int64) (*cmttypes.Header, error) {
	node, err := m.ctx.GetNode()
	if err != nil {
		return nil, err
	}
	res, err := node.Commit(ctx, &height)
	if err != nil {
		return nil, err
	}
	if res.Header == nil || res.Height != height {
		return nil, fmt.Errorf("the node has no block %d", height)
	}
	return res.Header, nil
}

// operator of this node; empty while the node is not registered.
func (m main) operator(ctx context.Context) (string, error) {
	duty, err := sortitiontypes.NewQueryClient(m.ctx).Duty(ctx, &sortitiontypes.QueryDutyRequest{HotAddress: m.hot})
	if status.Code(err) == codes.NotFound {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("operator of this node: %w", err)
	}
	return duty.Operator, nil
}

// assignments of an operator.
func (m main) assignments(ctx context.Context, operator string) ([]shardstypes.Assignment, error) {
	res, err := shardstypes.NewQueryClient(m.ctx).Assignments(ctx, &shardstypes.QueryAssignmentsRequest{Operator: operator})
	if err != nil {
		return nil, fmt.Errorf("assignments of %s: %w", operator, err)
	}
	return res.Assignments, nil
}

// shard with what is anchored of it.
func (m main) shard(ctx context.Context, name string) (*shardstypes.QueryShardResponse, error) {
	return shardstypes.NewQueryClient(m.ctx).Shard(ctx, &shardstypes.QueryShardRequest{Name: name})
}

// firstCommittee of a shard; nil where it is not kept any more.
func (m main) firstCommittee(ctx context.Context, name string) (*shardstypes.Committee, error) {
	return m.committee(ctx, name, 1)
}

// committee of a shard's term; nil where it is not kept any more.
func (m main) committee(ctx context.Context, name string, term uint64) (*shardstypes.Committee, error) {
	res, err := shardstypes.NewQueryClient(m.ctx).Committee(ctx, &shardstypes.QueryCommitteeRequest{Name: name, Term: term})
	if status.Code(err) == codes.NotFound {
		return nil, nil //nolint:nilnil // it is kept no more
	}
	if err != nil {
		return nil, err
	}
	return &res.Committee, nil
}

// headers of a shard that wait for auditors.
func (m main) headers(ctx context.Context, name string) ([]shardstypes.Header, error) {
	res, err := shardstypes.NewQueryClient(m.ctx).Headers(ctx, &shardstypes.QueryHeadersRequest{Name: name, Pagination: &query.PageRequest{Limit: page}})
	if err != nil {
		return nil, err
	}
	return res.Headers, nil
}

// directories that registered nodes have, but those of one operator.
func (m main) directories(ctx context.Context, except string) (list []string, err error) {
	req := &staketypes.QueryNodesRequest{Pagination: &query.PageRequest{Limit: page}}
	for {
		res, err := staketypes.NewQueryClient(m.ctx).Nodes(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, n := range res.Nodes {
			if n.Operator != except {
				list = append(list, directory.Of(n.Endpoints)...)
			}
		}
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return slices.Compact(slices.Sorted(slices.Values(list))), nil
		}
		req.Pagination = &query.PageRequest{Key: res.Pagination.NextKey, Limit: page}
	}
}
