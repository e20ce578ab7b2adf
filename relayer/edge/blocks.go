package edge

import (
	"context"
	"errors"
	"fmt"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
)

// health is good while one shard can be reached at least.
func (v view) health(*rpctypes.Context) (*coretypes.ResultHealth, error) {
	_, err := v.tallest()
	return &coretypes.ResultHealth{}, err
}

// tallest status of the view's shards, as they were heard last.
func (v view) tallest() (best *coretypes.ResultStatus, err error) {
	all, err := v.list()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if now := s.latest(); now != nil && (best == nil || now.SyncInfo.LatestBlockHeight > best.SyncInfo.LatestBlockHeight) {
			best = now
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w of any shard", errUnreachable)
	}
	return best, nil
}

// status of the network: its height is the greatest that one of its shards has, and never falls. That of one shard is its own.
func (v view) status(*rpctypes.Context) (*coretypes.ResultStatus, error) {
	best, err := v.tallest()
	if err != nil {
		return nil, err
	}
	status := *best
	if v.only == "" {
		status.NodeInfo.Moniker = "edge"
		status.SyncInfo.LatestBlockHeight = v.height()
	}
	return &status, nil
}

// height of the network.
func (v view) height() int64 {
	best, err := v.tallest()
	if err != nil {
		return v.most.Load()
	}
	height := best.SyncInfo.LatestBlockHeight
	for {
		most := v.most.Load()
		if height <= most {
			return most
		}
		if v.most.CompareAndSwap(most, height) {
			return height
		}
	}
}

// abciInfo of any shard.
func (v view) abciInfo(ctx *rpctypes.Context) (*coretypes.ResultABCIInfo, error) {
	s, err := v.any()
	if err != nil {
		return nil, err
	}
	return call(ctx.Context(), s, func(ctx context.Context, e *endpoint) (*coretypes.ResultABCIInfo, error) { return e.rpc.ABCIInfo(ctx) })
}

// blockAt a height of one shard; it never changes.
func (v view) blockAt(ctx context.Context, s *shard, height int64) (*coretypes.ResultBlock, error) {
	key := cacheKey{method: "block", shard: s.name, height: height}
	if b, ok := v.cache.get(key); ok {
		return b.(*coretypes.ResultBlock), nil //nolint:forcetypeassert // What put stores below.
	}
	b, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultBlock, error) {
		return e.rpc.Block(ctx, &height)
	})
	if err != nil {
		return nil, err
	}
	if b.Block == nil || b.Block.Height != height {
		return nil, fmt.Errorf("shard %s answers another block than %d: %w", s.name, height, errUnreachable)
	}
	v.cache.put(key, b, 2*b.Block.Size())
	return b, nil
}

// timeOf a block of one shard.
func (v view) timeOf(ctx context.Context, s *shard, height int64) (time.Time, error) {
	key := cacheKey{method: "time", shard: s.name, height: height}
	if at, ok := v.cache.get(key); ok {
		return at.(time.Time), nil //nolint:forcetypeassert // What put stores below.
	}
	h, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultHeader, error) {
		return e.rpc.Header(ctx, &height)
	})
	if err != nil {
		return time.Time{}, err
	}
	if h.Header == nil || h.Header.Height != height {
		return time.Time{}, fmt.Errorf("shard %s answers another header than %d: %w", s.name, height, errUnreachable)
	}
	v.cache.put(key, h.Header.Time, 0)
	return h.Header.Time, nil
}

// resultsAt a height of one shard; they never change.
func (v view) resultsAt(ctx context.Context, s *shard, height int64) (*coretypes.ResultBlockResults, error) {
	key := cacheKey{method: "block_results", shard: s.name, height: height}
	if r, ok := v.cache.get(key); ok {
		return r.(*coretypes.ResultBlockResults), nil //nolint:forcetypeassert // What put stores below.
	}
	r, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultBlockResults, error) {
		return e.rpc.BlockResults(ctx, &height)
	})
	if err != nil {
		return nil, err
	}
	if r.Height != height {
		return nil, fmt.Errorf("shard %s answers other results than of %d: %w", s.name, height, errUnreachable)
	}
	size := 0
	for _, res := range r.TxsResults {
		size += 2 * res.Size()
	}
	v.cache.put(key, r, size)
	return r, nil
}

// at a height: what those shards have that have come so far; at least one has.
func at[T any](ctx context.Context, v view, height *int64, f func(ctx context.Context, s *shard, height int64) (T, error)) ([]told[T], error) {
	all, err := v.list()
	if err != nil {
		return nil, err
	}
	var n int64
	if height != nil {
		n = *height
	} else if n = v.height(); len(all) == 1 && v.only != "" {
		if now := all[0].latest(); now != nil {
			n = now.SyncInfo.LatestBlockHeight
		}
	}
	if n < 1 {
		return nil, fmt.Errorf("height must be greater than 0, but got %d", n)
	}
	answers := each(ctx, all, func(ctx context.Context, s *shard) (T, error) { return f(ctx, s, n) })
	// Half of a block would look like all of it.
	if err := failures(answers); err != nil {
		return nil, err
	}
	var there []told[T]
	for _, t := range answers {
		if t.err == nil {
			there = append(there, t)
		} else {
			err = t.err
		}
	}
	if len(there) == 0 {
		return nil, err
	}
	return there, nil
}

// block of the network at a height: the transactions of all shards' blocks at it, in the shards' order. Everything else is of the first shard that has any there, or else of the first: a block's proof is its shard's.
func (v view) block(ctx *rpctypes.Context, height *int64) (*coretypes.ResultBlock, error) {
	blocks, err := at(ctx.Context(), v, height, v.blockAt)
	if err != nil {
		return nil, err
	}
	first, filled := blocks[0].value, 0
	for _, b := range blocks {
		if len(b.value.Block.Txs) > 0 {
			if filled == 0 {
				first = b.value
			}
			filled++
		}
	}
	if filled < 2 {
		return first, nil
	}
	var txs cmttypes.Txs
	for _, b := range blocks {
		txs = append(txs, b.value.Block.Txs...)
	}
	return &coretypes.ResultBlock{BlockID: first.BlockID, Block: &cmttypes.Block{
		Header: first.Block.Header, Data: cmttypes.Data{Txs: txs}, Evidence: first.Block.Evidence, LastCommit: first.Block.LastCommit,
	}}, nil
}

// blockResults of the network at a height, in the order of its block's transactions.
func (v view) blockResults(ctx *rpctypes.Context, height *int64) (*coretypes.ResultBlockResults, error) {
	results, err := at(ctx.Context(), v, height, v.resultsAt)
	if err != nil {
		return nil, err
	}
	merged := *results[0].value
	for _, r := range results[1:] {
		merged.TxsResults = append(merged.TxsResults[:len(merged.TxsResults):len(merged.TxsResults)], r.value.TxsResults...)
		merged.FinalizeBlockEvents = append(merged.FinalizeBlockEvents[:len(merged.FinalizeBlockEvents):len(merged.FinalizeBlockEvents)], r.value.FinalizeBlockEvents...)
	}
	return &merged, nil
}

// blockByHash of whichever shard has it.
func (v view) blockByHash(ctx *rpctypes.Context, hash []byte) (*coretypes.ResultBlock, error) {
	return found(ctx.Context(), v, nil, func(ctx context.Context, s *shard) (*coretypes.ResultBlock, error) {
		b, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultBlock, error) {
			return e.rpc.BlockByHash(ctx, hash)
		})
		if err == nil && (b == nil || b.Block == nil) {
			err = errNoBlock
		}
		return b, err
	})
}

// headerByHash of whichever shard has it.
func (v view) headerByHash(ctx *rpctypes.Context, hash []byte) (*coretypes.ResultHeader, error) {
	return found(ctx.Context(), v, nil, func(ctx context.Context, s *shard) (*coretypes.ResultHeader, error) {
		h, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultHeader, error) {
			return e.rpc.HeaderByHash(ctx, hash)
		})
		if err == nil && (h == nil || h.Header == nil) {
			err = errNoBlock
		}
		return h, err
	})
}

var errNoBlock = errors.New("no block has this hash")
