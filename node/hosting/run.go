package hosting

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/node/directory"
)

// blockPoll is how often the main node is asked for a new block, sweepEvery how often old data are looked for.
const (
	blockPoll  = 500 * time.Millisecond
	sweepEvery = time.Minute
)

// Run the host until the context ends, and its children with it. What fails for a shard is that shard's affair; an error here is one of the settings.
func (h *Host) Run(ctx context.Context) (err error) {
	s := h.cfg.App.Shards
	if err := os.MkdirAll(h.homes.dir, 0o700); err != nil {
		return fmt.Errorf("home of [shards] in app.toml: %w", err)
	}
	if h.ports, err = openPorts(h.homes.dir, s.FirstPort, s.LastPort); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if s.Directory != "" {
		l, err := net.Listen("tcp", s.Directory)
		if err != nil {
			return fmt.Errorf("directory of [shards] in app.toml: %w", err)
		}
		h.log.Info("shards of this host are listed", "at", "http://"+l.Addr().String()+directory.Path)
		group.Go(func() error { return directory.Serve(ctx, l, h.Directory, h.homes.began, h.homes.left) })
	}
	group.Go(func() error { h.follow(ctx); return nil })
	group.Go(func() error { h.hear(ctx); return nil })
	group.Go(func() error { h.audit(ctx); return nil })
	group.Go(func() error { h.sweep(ctx); return nil })
	<-ctx.Done()
	h.children.Stop()
	return group.Wait()
}

// follow the main chain: after each of its blocks the shards run that the operator is assigned to.
func (h *Host) follow(ctx context.Context) {
	tick := time.NewTicker(blockPoll)
	defer tick.Stop()
	p := newPlan(h.cfg.App.Shards.LingerBlocks)
	var last int64
	said := ""
	for {
		height, err := h.step(ctx, p, last)
		if err == nil {
			last = height
		}
		// The same complaint is made once.
		if why := fmt.Sprint(err); err != nil && why != said && ctx.Err() == nil {
			h.log.Error("assignments of this node are not known", "reason", err)
			said = why
		} else if err == nil {
			said = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// step after a block, if there is a new one.
func (h *Host) step(ctx context.Context, p *plan, last int64) (int64, error) {
	height, catchingUp, err := h.main.height(ctx)
	if err != nil || height == last || height == 0 {
		return last, err
	}
	operator, err := h.main.operator(ctx)
	if err != nil {
		return last, err
	}
	h.mu.Lock()
	before := h.operator
	h.operator = operator
	h.mu.Unlock()
	if operator == "" {
		if last == 0 {
			h.log.Info("this node hosts no shards: it is not registered (`topchaind node-keys`, `tx stake register-node`)")
		}
		return height, nil
	}
	if before != operator {
		h.log.Info("this node hosts the shards of its operator", "operator", operator)
	}
	list, err := h.main.assignments(ctx, operator)
	if err != nil {
		return last, err
	}
	needed := dutiesOf(list)
	if catchingUp {
		// What the chain said long ago is no reason to begin with a shard, and none to end one: those that are here go on, for they need no main chain to do so.
		h.children.Run(h.known(needed))
		return height, nil
	}
	run := p.at(height, needed)
	h.children.Run(run)
	h.look(ctx, run)
	return height, nil
}

// known shards of those needed: their homes are here. What runs already runs on.
func (h *Host) known(needed map[string]Duty) map[string]Duty {
	run := map[string]Duty{}
	for name, d := range needed {
		if h.homes.has(name) {
			d.Audits = false
			run[name] = d
		}
	}
	for _, c := range h.children.Status() {
		if _, ok := run[c.Duty.ChainID]; !ok {
			run[c.Duty.ChainID] = c.Duty
		}
	}
	return run
}

// look how far the main chain has seen the shards that run.
func (h *Host) look(ctx context.Context, run map[string]Duty) {
	for name := range run {
		r, err := h.main.shard(ctx, name)
		if err == nil && r.Shard.WasFrozen() {
			if err := freeze(h.homes.of(name), r.Shard); err != nil {
				h.log.Error("a shard is frozen, and its node was not told", "shard", name, "error", err)
			}
		}
		if err != nil || r.Anchor == nil {
			continue
		}
		h.mu.Lock()
		h.anchored[name] = int64(r.Anchor.Height)
		h.mu.Unlock()
	}
}

// hear what other hosts say.
func (h *Host) hear(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		h.meet(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// meet the hosts that are registered, or named in the settings.
func (h *Host) meet(ctx context.Context) {
	h.mu.Lock()
	operator := h.operator
	h.mu.Unlock()
	// Without an answer those of before are asked.
	if bases, err := h.main.directories(ctx, operator); err == nil {
		h.neighbours.at(operator, append(bases, h.cfg.App.Shards.Directories...))
	}
	h.neighbours.refresh(ctx)
}

// sweep the data of shards that were left long ago.
func (h *Host) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := h.sweepOnce(time.Now()); err != nil {
			h.log.Error("data of shards that are not hosted any more", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Host) sweepOnce(now time.Time) error {
	list, err := h.homes.list()
	if err != nil {
		return err
	}
	for _, name := range list {
		remove := func() error { return nil }
		if _, err := h.children.Without(name, func() (err error) {
			since, left := h.homes.leftSince(name)
			if !left {
				return h.homes.leave(name)
			}
			if now.Sub(since) < h.cfg.App.Shards.KeepData {
				return nil
			}
			h.log.Info("data of a shard are removed; what this host signed there stays", "shard", name, "votes", h.homes.votes(name))
			if err := h.ports.release(name); err != nil {
				return err
			}
			remove, err = h.homes.discard(name)
			return err
		}); err != nil {
			return err
		}
		if err := remove(); err != nil {
			return err
		}
	}
	return nil
}
