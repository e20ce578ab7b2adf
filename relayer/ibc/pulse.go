package ibc

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// pulseEvery is the pause between two looks at the chains' newest blocks.
const pulseEvery = 3 * time.Second

// pulse of a chain through one of its interfaces: the newest block that was seen, and since when.
type pulse struct {
	chainID, through string

	height int64
	since  time.Time
	// silent says why the chain counts as silent, failed that its nodes do not answer.
	silent string
	failed bool
}

// beat takes what a node says now and answers why nothing can be relayed: no new block for staleAfter. It measures by the relayer's own clock.
func (p *pulse) beat(height int64, node string, err error, now time.Time) string {
	if err == nil && height > p.height {
		p.height, p.since, p.silent = height, now, ""
	}
	if p.since.IsZero() {
		p.since = now
	}
	if now.Sub(p.since) < staleAfter || p.silent != "" && p.failed == (err != nil) {
		return p.silent
	}
	p.failed = err != nil
	since := p.since.UTC().Format(time.RFC3339)
	if p.failed {
		p.silent = fmt.Sprintf("no block of %s was seen since %s: %s %s does not answer: %v; check the addresses in config.yaml and the nodes", p.chainID, since, p.through, node, err)
	} else {
		p.silent = fmt.Sprintf("no block of %s was seen since %s: %s %s stays at height %d; look at that node's /health, or name other nodes in config.yaml",
			p.chainID, since, p.through, node, p.height)
	}
	return p.silent
}

// watcher sees whether the chains make blocks.
type watcher struct {
	ends   []*Endpoint
	pulses []pulse
}

func newWatcher(ends ...*Endpoint) *watcher {
	w := &watcher{ends: ends}
	for _, e := range ends {
		w.pulses = append(w.pulses, pulse{chainID: e.ChainID(), through: "RPC"}, pulse{chainID: e.ChainID(), through: "gRPC"})
	}
	return w
}

// look asks every chain through both interfaces and answers why nothing can be relayed.
func (w *watcher) look(ctx context.Context, clock func() time.Time) string {
	var reasons []string
	note := func(reason string) {
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	for i, e := range w.ends {
		height, err := e.latest(ctx)
		note(w.pulses[2*i].beat(height, e.nodes.pick().address, err, clock()))
		height, err = e.Height(ctx)
		note(w.pulses[2*i+1].beat(height, e.Node(), err, clock()))
	}
	return strings.Join(reasons, "; ")
}

// run tells idle, until ctx ends, each time that the chains fall silent or speak again.
func (w *watcher) run(ctx context.Context, log *slog.Logger, idle func(reason string)) {
	last := ""
	for {
		reason := w.look(ctx, time.Now)
		if ctx.Err() != nil {
			return
		}
		if reason != last {
			if last = reason; reason == "" {
				log.Info("both chains make blocks again")
			} else {
				log.Error("nothing can be relayed", "reason", reason)
			}
			idle(reason)
		}
		if !sleep(ctx, pulseEvery) {
			return
		}
	}
}
