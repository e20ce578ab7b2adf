package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/crowd"
)

// net measures networks of one, two and four shards of one member each: transfers inside them, and from one to the next.
func (r *run) net(ctx context.Context) ([]Result, error) {
	var all []Result
	cpu := map[int]float64{}
	for _, n := range []int{1, 2, 4} {
		results, err := r.netOf(ctx, n, cpu)
		all = append(all, results...)
		if err != nil {
			return all, fmt.Errorf("%d shards: %w", n, err)
		}
	}
	all = append(all, newRatio("net.saturated.cpu_growth", cpu[4], "us: net.cpu_us_1", cpu[1], map[string]any{
		"what": "CPU of a transfer of net.tps_4, for that of net.tps_1: four members that together take all of the cores, in smaller blocks, for one that has them alone",
	}))
	growth, err := r.netGrowth(ctx)
	if err != nil {
		return all, fmt.Errorf("growth: %w", err)
	}
	all = append(all, growth)
	split, err := r.netSplit(ctx)
	if all = append(all, split...); err != nil {
		return all, fmt.Errorf("split: %w", err)
	}
	return all, nil
}

// What a shard's split is measured with: accounts, payments of each, and the pause between two looks.
const splitPayers, splitRounds, splitPace = 200, 60, 100 * time.Millisecond

// netSplit is how long a shard's accounts cannot pay while it splits, on hosts of a main chain.
func (r *run) netSplit(ctx context.Context) (results []Result, err error) {
	c, err := crowd.New(splitPayers)
	if err != nil {
		return nil, err
	}
	cfg := r.Network
	cfg.Dir, cfg.Validators, cfg.EpochBlocks, cfg.MainOnly = filepath.Join(r.Network.Dir, "net.split"), 3, 400, true
	cfg.Shards = localnet.Shards{Zones: 2, PerZone: 1, Members: 1, TimeoutCommit: 500 * time.Millisecond, Accounts: c.Accounts()}
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	if err := n.StartRouter(ctx, localnet.RouterName, n.Carrier); err != nil {
		return nil, err
	}
	edge, err := n.StartEdge(ctx)
	if err != nil {
		return nil, err
	}
	paid, err := c.Pay(ctx, n, edge, crowd.Script{Rounds: splitRounds, Pace: splitPace, Split: true}, cfg.Logf)
	if err != nil {
		return nil, err
	}
	r.Network.Logf("net            a split: %d ms without a payment", paid.SplitPauseMS)
	return []Result{newResult("net.split_pause_ms", float64(paid.SplitPauseMS), "ms", map[string]any{
		"shards": 2, "members": 1, "accounts": splitPayers, "payments": paid.Transfers, "cross_shard": paid.Crossing, "pace_ms": splitPace.Milliseconds(),
		"what": "longest time in which no payment of the accounts of the shard that splits came into a block, hosts of a main chain, one router, one edge, supply exact afterwards",
	})}, nil
}

func (r *run) netOf(ctx context.Context, n int, cpu map[int]float64) (results []Result, err error) {
	net, err := startNet(ctx, r.Network, filepath.Join(r.Network.Dir, fmt.Sprintf("net.%d", n)), n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, net.stop()) }()
	within, err := net.measure(ctx, netTime)
	if err != nil {
		return nil, err
	}
	cpu[n] = within.cpu
	conditions := func(f shardFigures, what string) map[string]any {
		return map[string]any{"shards": n, "members": 1, "accounts": n * netAccounts, "transactions": f.count, "seconds": f.seconds, "blocks": f.blocks, "loader_cpu_s": f.loader.Seconds(), "what": what}
	}
	inside := conditions(within, "one-utop transfers inside each shard, all shards loaded at once by the batch route, a key per account, loader on the same machine; CPU of all members")
	results = append(results, newResult(fmt.Sprintf("net.tps_%d", n), within.tps, "tx/s", inside), newResult(fmt.Sprintf("net.cpu_us_%d", n), within.cpu, "us", inside))
	r.Network.Logf("net            %d shards: %.0f tx/s, %.1f us", n, within.tps, within.cpu)
	if n != 2 {
		return results, nil
	}
	times, err := net.shards[0].confirmUnder(ctx, within.tps/4)
	if err != nil {
		return results, err
	}
	calm := map[string]any{"shards": n, "load_per_s": within.tps / 4, "samples": len(times), "clients": confirmClients, "what": "from broadcast_tx_sync to the answer of tx, in a shard that has half of the load that it carried in net.tps_2; the other one rests"}
	results = append(results,
		newResult("net.confirm_p50_ms", milliseconds(percentile(times, 50)), "ms", calm).atMost(500),
		newResult("net.confirm_p99_ms", milliseconds(percentile(times, 99)), "ms", calm).atMost(1500))
	if err := net.route(r.Network); err != nil {
		return results, err
	}
	if times, err = net.crossing(ctx, confirmTime); err != nil {
		return results, err
	}
	light := map[string]any{"shards": n, "samples": len(times), "clients": confirmClients, "poll_ms": confirmPoll.Milliseconds(), "what": "from broadcast_tx_sync in one shard to the unit that credits the recipient in the other, one router, no other load"}
	results = append(results,
		newResult("net.cross_p50_ms", milliseconds(percentile(times, 50)), "ms", light).atMost(2000),
		newResult("net.cross_p99_ms", milliseconds(percentile(times, 99)), "ms", light).atMost(4000))
	net.across(true)
	crossing, err := net.measureCrossing(ctx, netTime)
	if err != nil {
		return results, err
	}
	r.Network.Logf("net            %d shards, all across: %.0f tx/s, %.1f us", n, crossing.tps, crossing.cpu)
	outside := conditions(crossing, "transfers of the deposit from each shard to accounts of the other, all shards loaded at once by the batch route; counted are credits, until all have arrived, and the CPU of all members and of the router until then")
	return append(results,
		newResult("net.cross.tps", crossing.tps, "tx/s", outside),
		newRatio("net.cross.cpu_ratio", crossing.cpu, "us: net.cpu_us_2", within.cpu, outside).atMost(2.3)), nil
}

// crossing is the time from a client's send in one shard to its recipient's credit in the other.
func (n *netShards) crossing(ctx context.Context, lasting time.Duration) (all []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, lasting+stepTimeout)
	defer cancel()
	var mu sync.Mutex
	until := time.Now().Add(lasting)
	err = together(confirmClients, func(i int) error {
		from, to := n.shards[i%2], n.shards[1-i%2]
		for time.Now().Before(until) {
			took, err := cross(ctx, from, to, from.probes[i], to.probes[i])
			if err != nil {
				return err
			}
			mu.Lock()
			all = append(all, took)
			mu.Unlock()
		}
		return nil
	})
	return all, err
}

func cross(ctx context.Context, from, to *shardNet, sender, recipient *signer) (time.Duration, error) {
	address := sendtx.AddressOf(recipient.key)
	raw, err := sender.send(address, netAmount)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := from.broadcast(ctx, 0, raw); err != nil {
		return 0, err
	}
	hash := sendtx.Hash(raw)
	for {
		var answer struct {
			Units []struct {
				Transaction []byte `json:"transaction"`
			} `json:"units"`
		}
		if err := (localnet.REST{URL: to.nodes[0].REST}).Get(ctx, "/top/lattice/v1/units/"+sendtx.Bech32(address)+"?limit=1", &answer); err != nil {
			return 0, err
		}
		if len(answer.Units) > 0 && string(answer.Units[0].Transaction) == string(hash[:]) {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("a transfer to another shard has not arrived: %w", ctx.Err())
		case <-time.After(confirmPoll):
		}
	}
}
