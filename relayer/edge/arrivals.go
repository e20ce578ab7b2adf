package edge

import (
	"context"
	"fmt"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// nowhereFor so long nobody is asked again for a transaction that no shard of its sender knows: the main chain's, or one that all nodes have pruned.
const nowhereFor = time.Minute

// arrival of coins that another ledger has sent: the transaction is there.
type arrival struct {
	hash   lattice.Hash
	sender lattice.Address
}

// arrivals of the one recipient that a search is about, as its shard and those before it tell; none of other searches.
func (v view) arrivals(ctx context.Context, sc scope) (list []arrival, err error) {
	if sc.recipient == "" {
		return nil, nil
	}
	req, err := proto.Marshal(&latticetypes.QueryUnitsRequest{Address: sc.recipient, Arrived: true, Limit: maxMerged})
	if err != nil {
		return nil, err
	}
	known := map[lattice.Hash]bool{}
	for _, t := range each(ctx, sc.shards, func(ctx context.Context, s *shard) (res latticetypes.QueryUnitsResponse, err error) {
		bytes, err := s.invoke(ctx, unitsMethod, req)
		if err == nil {
			err = proto.Unmarshal(bytes, &res)
		}
		return res, err
	}) {
		if t.err != nil {
			return nil, t.err
		}
		for _, u := range t.value.Units {
			sender, err := sendtx.Address(u.Peer)
			if err != nil || len(u.Transaction) != lattice.HashSize {
				return nil, fmt.Errorf("shard %s answers a unit of %q with a transaction of %d bytes", t.shard.name, u.Peer, len(u.Transaction))
			}
			if hash := lattice.Hash(u.Transaction); !known[hash] {
				known[hash] = true
				list = append(list, arrival{hash, sender})
			}
		}
	}
	return list, nil
}

// sentElsewhere are the transactions of arrivals, from the shards of their senders or those before them. What the main chain has sent is in no shard, and is left out.
func sentElsewhere[T any](ctx context.Context, v view, list []arrival, ask func(ctx context.Context, s *shard, hash lattice.Hash) (T, error)) (out []T, err error) {
	answers, has := make([]T, len(list)), make([]bool, len(list))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, a := range list {
		group.Go(func() error {
			owner, err := v.of(a.sender)
			if err != nil {
				return err
			}
			// A node may be behind, so that this counts for a while only.
			nowhere := cacheKey{method: "nowhere", hash: a.hash}
			if until, ok := v.cache.get(nowhere); ok && time.Now().Before(until.(time.Time)) { //nolint:forcetypeassert // What put stores below.
				return nil
			}
			for _, s := range append([]*shard{owner}, v.pastOf(owner, a.sender)...) {
				answers[i], err = ask(ctx, s, a.hash)
				if has[i] = err == nil; has[i] || !unknown(err) {
					return err
				}
			}
			v.cache.put(nowhere, time.Now().Add(nowhereFor), 0)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range list {
		if has[i] {
			out = append(out, answers[i])
		}
	}
	return out, nil
}
