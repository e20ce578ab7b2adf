package router

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/relayer/nodes"
)

const (
	// nodesEvery is the pause between two looks at the file of nodes.
	nodesEvery = time.Second
	// idleAfter: a shard that has shown no new block for so long is silent.
	idleAfter = 30 * time.Second
)

// Serve is the router role of a network without a main chain, until ctx ends: its shards are those that the file of nodes names. idle is told why something cannot be carried, and "" when all can.
func Serve(ctx context.Context, cfg Config, log *slog.Logger, metrics *Metrics, idle func(reason string)) error {
	file, err := nodes.Open(cfg.Nodes, log)
	if err != nil {
		return fmt.Errorf("router.nodes: %w", err)
	}
	if !file.Named() {
		return fmt.Errorf("router.nodes: %s names patterns of shards only, and there is no main chain that says which shards there are: name each, or their hosts, or fill in chains.main", cfg.Nodes)
	}
	r := NewRouter(cfg, log, metrics, nil)
	defer r.Wait()
	said := "starting"
	for {
		shards := map[string][]nodes.Node{}
		list := file.Now(ctx)
		for _, name := range list.Shards() {
			shards[name] = list.Of(name)
		}
		r.Connect(ctx, shards)
		if reason := r.silent(time.Now()); reason != said {
			said = reason
			idle(reason)
		}
		if !sleep(ctx, nodesEvery) {
			return nil
		}
	}
}

// silent says which shards show no new blocks; "" where all do.
func (r *Router) silent(now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name, at := range r.stations {
		if !at.lively(now) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return fmt.Sprintf("no new block was seen for %s of %s: look at their nodes, or name others in the file of router.nodes", idleAfter, strings.Join(names, ", "))
}

// lively tells whether a shard's newest header is a new one, by the router's own clock; one that has ended makes none.
func (at *route) lively(now time.Time) bool {
	v := at.seen()
	if v.newest == nil {
		return false
	}
	if h := v.newest.Header.Height; h != at.height || at.since.IsZero() {
		at.height, at.since = h, now
	}
	return now.Sub(at.since) < idleAfter || v.ledgers.FinalHeight > 0
}
