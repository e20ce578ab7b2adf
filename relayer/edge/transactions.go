package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"

	"github.com/topnetwork/top/protocol/lattice"
)

// tx by its hash: of the first shard that knows it.
func (v view) tx(ctx *rpctypes.Context, hash []byte, prove bool) (*coretypes.ResultTx, error) {
	if len(hash) != lattice.HashSize {
		return nil, fmt.Errorf("a hash of %d bytes, want %d", len(hash), lattice.HashSize)
	}
	// What any shard has executed no other one will.
	key := cacheKey{method: "tx", shard: v.only, hash: lattice.Hash(hash)}
	if tx, ok := v.cache.get(key); ok && !prove {
		return tx.(*coretypes.ResultTx), nil //nolint:forcetypeassert // What put stores below.
	}
	tx, err := found(ctx.Context(), v, hash, func(ctx context.Context, s *shard) (*coretypes.ResultTx, error) {
		return v.executed(ctx, s, lattice.Hash(hash), prove)
	})
	if err == nil && !prove {
		v.cache.put(key, tx, 2*(len(tx.Tx)+tx.TxResult.Size()))
	}
	return tx, err
}

// executed transaction of a shard. Once it is in a block it never changes.
func (v view) executed(ctx context.Context, s *shard, hash lattice.Hash, prove bool) (*coretypes.ResultTx, error) {
	key := cacheKey{method: "tx", shard: s.name, hash: hash}
	if tx, ok := v.cache.get(key); ok && !prove {
		return tx.(*coretypes.ResultTx), nil //nolint:forcetypeassert // What put stores below.
	}
	tx, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultTx, error) {
		return e.rpc.Tx(ctx, hash[:], prove)
	})
	if err == nil && !prove {
		v.cache.put(key, tx, 2*(len(tx.Tx)+tx.TxResult.Size()))
	}
	return tx, err
}

// txSearch in the shards that can have what is looked for; of several, the results are in the order of their blocks' time.
func (v view) txSearch(ctx *rpctypes.Context, query string, prove bool, pageNumber, perPage *int, orderBy string) (*coretypes.ResultTxSearch, error) {
	descending := orderBy == "desc"
	if orderBy != "" && orderBy != "asc" && !descending {
		return nil, errors.New("expected order_by to be either `asc` or `desc` or empty")
	}
	sc, err := v.searched(query)
	if err != nil {
		return nil, err
	}
	arrived, err := v.arrivals(ctx.Context(), sc)
	if err != nil {
		return nil, err
	}
	if len(sc.shards) == 1 && len(arrived) == 0 {
		return call(ctx.Context(), sc.shards[0], func(ctx context.Context, e *endpoint) (*coretypes.ResultTxSearch, error) {
			return e.rpc.TxSearch(ctx, query, prove, pageNumber, perPage, orderBy)
		})
	}
	number, size := 1, defaultPage
	if pageNumber != nil {
		if number = *pageNumber; number < 1 {
			return nil, fmt.Errorf("page is %d, the first is 1", number)
		}
	}
	if perPage != nil {
		size = *perPage
	}
	p, err := pageOf(number, size)
	if err != nil {
		return nil, err
	}
	type result struct {
		at time.Time
		tx *coretypes.ResultTx
	}
	type results struct {
		list  []result
		total int
	}
	answers := each(ctx.Context(), sc.shards, func(ctx context.Context, s *shard) (out results, err error) {
		err = p.upTo(func(number, size int) (int, error) {
			res, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultTxSearch, error) {
				return e.rpc.TxSearch(ctx, query, prove, &number, &size, orderBy)
			})
			if err != nil {
				return 0, err
			}
			out.total = res.TotalCount
			for _, tx := range res.Txs {
				at, err := v.timeOf(ctx, s, tx.Height)
				if err != nil {
					return 0, err
				}
				out.list = append(out.list, result{at, tx})
			}
			return len(res.Txs), nil
		})
		return out, err
	})
	var merged []result
	out := &coretypes.ResultTxSearch{Txs: []*coretypes.ResultTx{}}
	for _, t := range answers {
		if t.err != nil {
			return nil, t.err
		}
		merged, out.TotalCount = append(merged, t.value.list...), out.TotalCount+t.value.total
	}
	elsewhere, err := sentElsewhere(ctx.Context(), v, arrived, func(ctx context.Context, s *shard, hash lattice.Hash) (result, error) {
		tx, err := v.executed(ctx, s, hash, prove)
		if err != nil {
			return result{}, err
		}
		at, err := v.timeOf(ctx, s, tx.Height)
		return result{at, tx}, err
	})
	if err != nil {
		return nil, err
	}
	merged, out.TotalCount = append(merged, elsewhere...), out.TotalCount+len(elsewhere)
	slices.SortStableFunc(merged, func(a, b result) int {
		order := cmp.Or(a.at.Compare(b.at), cmp.Compare(a.tx.Height, b.tx.Height))
		if descending {
			return -order
		}
		return order
	})
	for _, r := range cut(merged, p) {
		out.Txs = append(out.Txs, r.tx)
	}
	return out, nil
}
