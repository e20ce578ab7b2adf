package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
)

// growthNames by which the measurements of a million accounts are asked for; they are one run.
var growthNames = []string{"shard.growth", "shard.growth_ratio", "shard.1m", "shard.bytes_per_account"}

// Sizes that are compared, and the transfers that each gets.
const (
	fewAccounts, manyAccounts = 10_000, 1_000_000
	growthTransfers           = 500_000
	// restartPoll is how often a member that was started again is asked for its next block.
	restartPoll = 20 * time.Millisecond
)

// grown is a member with so many accounts, and what it did under load.
type grown struct {
	shardFigures
	// initialized is how long `shard init` took, begun the time from the first start to the second block.
	initialized, begun time.Duration
	// rss of the process after the load, in MiB; live bytes of its heap after a collection.
	rss, live float64
	// restart is the time from the start of the process to the first block that it makes.
	restart time.Duration
}

// growth measures what a million accounts cost: a member with them and one with ten thousand get the same number of transfers, from all of their accounts to all of them.
func (r *run) growth(ctx context.Context) ([]Result, error) {
	few, err := r.grown(ctx, fewAccounts)
	if err != nil {
		return nil, fmt.Errorf("%d accounts: %w", fewAccounts, err)
	}
	many, err := r.grown(ctx, manyAccounts)
	if err != nil {
		return nil, fmt.Errorf("%d accounts: %w", manyAccounts, err)
	}
	const added = manyAccounts - fewAccounts
	conditions := func(what string) map[string]any {
		return map[string]any{
			"members": 1, "accounts": manyAccounts, "accounts_few": fewAccounts, "transactions": many.count, "transactions_few": few.count, "cpu_us": many.cpu, "cpu_us_few": few.cpu,
			"tps": many.tps, "tps_few": few.tps, "seconds": many.seconds, "seconds_few": few.seconds, "rss_mib": many.rss, "rss_mib_few": few.rss, "live_heap_mib": many.live / (1 << 20), "live_heap_mib_few": few.live / (1 << 20),
			"restart_s": many.restart.Seconds(), "restart_s_few": few.restart.Seconds(), "init_s": many.initialized.Seconds(), "genesis_s": many.begun.Seconds(), "what": what,
		}
	}
	return []Result{
		newResult("shard.growth_ratio", many.cpu/few.cpu, "", conditions("a member's CPU time per transfer with a million accounts, half of which send once, to accounts of all, against ten thousand which send fifty times; Ed25519, by the batch route")).
			atMost(1.3),
		newResult("shard.1m.rss_mib", many.rss, "MiB", conditions("resident size of the member right after that load, once its blocks are empty, its first start and genesis included")).atMost(1024),
		newResult("shard.1m.restart_s", many.restart.Seconds(), "s", conditions("from the start of the process to the first block that it makes, after that load")).atMost(15),
		newResult("shard.bytes_per_account", (many.live-few.live)/added, "B", conditions("live heap after a forced collection, after that load, of a million accounts less that of ten thousand, by the accounts between")).atMost(400),
	}, nil
}

// grown starts a member with so many accounts, loads it, and starts it again.
func (r *run) grown(ctx context.Context, accounts int) (g grown, err error) {
	name := fmt.Sprintf("shard.%d", accounts)
	s, err := startShard(ctx, r.Network, filepath.Join(r.Network.Dir, name), shardConfig{members: 1, accounts: accounts, kind: lattice.Ed25519, profiled: true})
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	g.initialized, g.begun = s.initialized, s.begun
	// Of a million accounts half of them send, once, and as many receive.
	s.senders = min(accounts, growthTransfers)
	if g.shardFigures, err = s.measure(ctx, growthTransfers/s.senders); err != nil {
		return g, err
	}
	if err := s.quiet(ctx); err != nil {
		return g, err
	}
	if g.rss, err = residentMiB(s.procs[0].Pid()); err != nil {
		return g, err
	}
	if g.live, err = s.liveHeap(ctx); err != nil {
		return g, err
	}
	if g.restart, err = s.restart(ctx); err != nil {
		return g, err
	}
	r.Network.Logf("%-14s %.0f tx/s, %.1f us, %.0f MiB, %.0f MiB of them live, genesis after %.1fs, restart after %.1fs", name, g.tps, g.cpu, g.rss, g.live/(1<<20), g.begun.Seconds(), g.restart.Seconds())
	return g, nil
}

// quiet waits until nothing is left to be committed.
func (s *shardNet) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	m, err := s.metas(ctx, 0, 0)
	if err != nil {
		return err
	}
	for last := m.last; ; {
		if m, err = s.metas(ctx, 0, last); err != nil {
			return err
		}
		if m.last > last && m.txs == 0 {
			return nil
		}
		last = m.last
		select {
		case <-ctx.Done():
			return fmt.Errorf("transfers are still committed: %w", ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// restart the first member; it answers the time until it makes a block.
func (s *shardNet) restart(ctx context.Context) (time.Duration, error) {
	if err := s.procs[0].Stop(nodeGrace); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	began := time.Now()
	p, err := process.Start(s.procs[0].Spec)
	if err != nil {
		return 0, err
	}
	s.procs[0] = p
	// What it made before it was stopped it knows when it answers at all.
	var before int64
	for {
		m, err := s.metas(ctx, 0, 0)
		switch {
		case err == nil && before == 0:
			before = m.last
		case err == nil && m.last > before:
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("no block after block %d: %w", before, ctx.Err())
		case <-p.Done():
			return 0, fmt.Errorf("it ended: %w", p.Err())
		case <-time.After(restartPoll):
		}
	}
}
