package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

const (
	// growthRate of transfers per second that every shard has: four shards of it leave cores free, so that what is compared is what a transfer costs, and not how members share cores.
	growthRate = 3_000
	// growthPairs of loads, each of growthTime and of growthRounds transfers of every account at most.
	growthPairs, growthTime, growthRounds = 5, 6 * time.Second, 5
)

// growthPair is what a transfer costs in microseconds in networks of one and of four shards, and how they compare.
type growthPair struct{ one, four, ratio float64 }

// netGrowth is the CPU of a transfer in a network of four shards, for that in a network of one with the same load per shard. The networks are loaded in turn: a machine whose speed drifts is as fast for
// both of a pair.
func (r *run) netGrowth(ctx context.Context) (_ Result, err error) {
	var nets []*netShards
	defer func() {
		for _, n := range nets {
			err = errors.Join(err, n.stop())
		}
	}()
	for _, shards := range []int{1, 4} {
		n, err := startNet(ctx, r.Network, filepath.Join(r.Network.Dir, fmt.Sprintf("net.growth.%d", shards)), shards)
		if err != nil {
			return Result{}, err
		}
		nets = append(nets, n)
	}
	var pairs [growthPairs]growthPair
	for i := range pairs {
		one, err := nets[0].steady(ctx)
		if err != nil {
			return Result{}, err
		}
		four, err := nets[1].steady(ctx)
		if err != nil {
			return Result{}, err
		}
		pairs[i] = growthPair{one.cpu, four.cpu, four.cpu / one.cpu}
		r.Network.Logf("net            1 and 4 shards of %d tx/s each: %.1f and %.1f us", growthRate, one.cpu, four.cpu)
	}
	slices.SortFunc(pairs[:], func(a, b growthPair) int { return cmp.Compare(a.ratio, b.ratio) })
	median := pairs[growthPairs/2]
	return newRatio("net.cpu_growth", median.four, "us: a network of one shard, in turn", median.one, map[string]any{
		"shards": 4, "members": 1, "load_per_s_and_shard": growthRate, "seconds": growthTime.Seconds(), "pairs": growthPairs, "least": pairs[0].ratio, "most": pairs[growthPairs-1].ratio,
		"what": "CPU of a transfer in a network of four shards, for that in one of one shard with the same load per shard; the networks are loaded in turn, median of the pairs",
	}).atMost(1.1), nil
}

// steady load of growthRate on every shard.
func (n *netShards) steady(ctx context.Context) (f shardFigures, err error) {
	loads, err := n.sign(growthRounds)
	if err != nil {
		return f, err
	}
	for _, l := range loads {
		l.rate = growthRate
	}
	return n.load(ctx, loads, growthTime)
}
