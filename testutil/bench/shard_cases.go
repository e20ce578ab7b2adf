package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/topnetwork/top/protocol/lattice"
)

// shardCase is a shard that is measured.
type shardCase struct {
	name    string
	members int
	kind    lattice.KeyKind
	rounds  int
	// tps at least, and so many times what the stock chain of as many validators does.
	tps   float64
	stock string
	times float64
	// cpu at most, in microseconds.
	cpu float64
}

// shard measures one shard: transfers without gas fees, on a lattice of accounts.
func (r *run) shard(ctx context.Context) ([]Result, error) {
	var all []Result
	if r.only("shard.refuse") {
		results, err := refusals()
		if all = append(all, results...); err != nil {
			return all, err
		}
	}
	for _, c := range []shardCase{
		{"shard.1val", 1, lattice.Ed25519, 80, 18_000, "stock.1val.tps", 20, 60},
		{"shard.4val", 4, lattice.Ed25519, 40, 7_000, "stock.4val.tps", 25, 200},
		{"shard.1val.secp256k1", 1, lattice.Secp256k1, 50, 8_000, "stock.1val.tps", 0, 0},
	} {
		if !r.only(c.name) {
			continue
		}
		results, err := r.shardCase(ctx, c)
		all = append(all, results...)
		if err != nil {
			return all, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if r.only("shard.jsonrpc") {
		results, err := r.jsonRPC(ctx)
		if all = append(all, results...); err != nil {
			return all, fmt.Errorf("shard.jsonrpc: %w", err)
		}
	}
	if slices.ContainsFunc(growthNames, r.only) {
		results, err := r.growth(ctx)
		if all = append(all, results...); err != nil {
			return all, fmt.Errorf("shard.growth: %w", err)
		}
	}
	return all, nil
}

func (r *run) shardCase(ctx context.Context, c shardCase) (results []Result, err error) {
	s, err := startShard(ctx, r.Network, filepath.Join(r.Network.Dir, c.name), shardConfig{members: c.members, accounts: shardAccounts, kind: c.kind})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	f, err := s.measure(ctx, c.rounds)
	if err != nil {
		return nil, err
	}
	rss, err := residentMiB(s.procs[0].Pid())
	if err != nil {
		return nil, err
	}
	conditions := map[string]any{
		"members": c.members, "accounts": len(s.signers), "transactions": f.count, "seconds": f.seconds, "blocks": f.blocks, "loader_cpu_s": f.loader.Seconds(), "rss_mib": rss,
		"what": "one-utop transfers between accounts that exist, a key per account, signed before the clock starts, by the batch route to all members, default quota, loader on the same machine; committed ones are counted",
	}
	r.Network.Logf("%-14s %.0f tx/s, %.1f us", c.name, f.tps, f.cpu)
	results = append(results, newResult(c.name+".tps", f.tps, "tx/s", conditions).against("tx/s: "+c.stock, r.figures[c.stock]).atLeast(max(c.tps, c.times*r.figures[c.stock])))
	if c.cpu > 0 {
		results = append(results, newResult(c.name+".cpu_us", f.cpu, "us", conditions).atMost(c.cpu))
	}
	if c.members == 1 {
		return results, nil
	}
	times, err := s.confirmUnder(ctx, f.tps/2)
	if err != nil {
		return results, err
	}
	calm := map[string]any{
		"members": c.members, "load_per_s": f.tps / 2, "samples": len(times), "clients": confirmClients, "poll_ms": confirmPoll.Milliseconds(),
		"what": "from broadcast_tx_sync to the answer of tx that it is in a block, by clients that send one transfer after the other while others load the shard by half of what it takes",
	}
	return append(results,
		newResult(c.name+".confirm_p50_ms", milliseconds(percentile(times, 50)), "ms", calm).atMost(400),
		newResult(c.name+".confirm_p99_ms", milliseconds(percentile(times, 99)), "ms", calm).atMost(1000),
	), nil
}
