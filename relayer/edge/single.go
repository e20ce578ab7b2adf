package edge

import (
	"context"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
)

// What belongs to one chain of blocks: it is answered for one shard only.

func ofOne[T any](ctx *rpctypes.Context, v view, what string, f func(ctx context.Context, e *endpoint) (T, error)) (none T, err error) {
	s, err := v.single(what)
	if err != nil {
		return none, err
	}
	return call(ctx.Context(), s, f)
}

func (v view) header(ctx *rpctypes.Context, height *int64) (*coretypes.ResultHeader, error) {
	return ofOne(ctx, v, "a header", func(ctx context.Context, e *endpoint) (*coretypes.ResultHeader, error) {
		return e.rpc.Header(ctx, height)
	})
}

func (v view) commit(ctx *rpctypes.Context, height *int64) (*coretypes.ResultCommit, error) {
	return ofOne(ctx, v, "a commit", func(ctx context.Context, e *endpoint) (*coretypes.ResultCommit, error) {
		return e.rpc.Commit(ctx, height)
	})
}

func (v view) validators(ctx *rpctypes.Context, height *int64, page, perPage *int) (*coretypes.ResultValidators, error) {
	return ofOne(ctx, v, "a committee", func(ctx context.Context, e *endpoint) (*coretypes.ResultValidators, error) {
		return e.rpc.Validators(ctx, height, page, perPage)
	})
}

func (v view) blockchain(ctx *rpctypes.Context, minHeight, maxHeight int64) (*coretypes.ResultBlockchainInfo, error) {
	return ofOne(ctx, v, "a chain of blocks", func(ctx context.Context, e *endpoint) (*coretypes.ResultBlockchainInfo, error) {
		return e.rpc.BlockchainInfo(ctx, minHeight, maxHeight)
	})
}

func (v view) consensusParams(ctx *rpctypes.Context, height *int64) (*coretypes.ResultConsensusParams, error) {
	return ofOne(ctx, v, "a chain's consensus", func(ctx context.Context, e *endpoint) (*coretypes.ResultConsensusParams, error) {
		return e.rpc.ConsensusParams(ctx, height)
	})
}

func (v view) genesisChunked(ctx *rpctypes.Context, chunk uint) (*coretypes.ResultGenesisChunk, error) {
	return ofOne(ctx, v, "a genesis", func(ctx context.Context, e *endpoint) (*coretypes.ResultGenesisChunk, error) {
		return e.rpc.GenesisChunked(ctx, chunk)
	})
}
