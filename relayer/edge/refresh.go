package edge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/relayer/nodes"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// probeTimeout of one node.
const probeTimeout = 3 * time.Second

// refresh what the edge knows of its shards, again and again after the first probe: which nodes answer, heights, the table. A refusal that names another shard than the table wakes it.
func (e *Edge) refresh(ctx context.Context) error {
	tick := time.NewTicker(e.cfg.Refresh)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-e.woken:
		}
		e.probe(ctx)
	}
}

// wake the refreshing.
func (e *Edge) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// probe all nodes, and take over the table that most shards have.
func (e *Edge) probe(ctx context.Context) {
	all := e.place(ctx)
	var group errgroup.Group
	group.SetLimit(atOnce)
	type answer struct {
		table trie.Table
		err   error
	}
	answers, endpoints := make(map[*endpoint]*answer), make(map[*shard][]*endpoint)
	for _, s := range all {
		endpoints[s] = s.endpoints()
		for _, at := range endpoints[s] {
			answers[at] = &answer{}
		}
	}
	for _, s := range all {
		for _, at := range endpoints[s] {
			a := answers[at]
			group.Go(func() error {
				ctx, cancel := context.WithTimeout(ctx, probeTimeout)
				defer cancel()
				var status *coretypes.ResultStatus
				if status, a.table, a.err = e.examine(ctx, s, at); a.err != nil {
					s.refused(at, a.err)
				} else {
					s.worked(at, status)
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		return
	}
	var heard []trie.Table
	for _, s := range all {
		reachable := false
		for _, at := range endpoints[s] {
			a := answers[at]
			if e.told.News(at.Node.RPC, a.err) {
				e.log.WarnContext(ctx, "a node does not serve", "shard", s.name, "node", at.Node.RPC, "error", a.err)
			}
			if a.err == nil && !reachable {
				reachable = true
				if len(a.table) > 0 {
					heard = append(heard, a.table)
				}
			}
		}
	}
	now, _ := e.routes.now()
	if next := chosen(now, heard); e.better(now, next) {
		e.carrying.Store(true)
		e.routes.adopt(next)
		e.log.InfoContext(ctx, "the routing table has changed", "shards", len(next))
		e.carryOver(ctx, now, next)
		e.carrying.Store(false)
	}
	e.report()
}

// place every shard's nodes where the file of nodes, and the hosts that it names, say that they are; the shards are in the order of their names. A shard of which nothing is said any more keeps its name: what it has in the cache stays true.
func (e *Edge) place(ctx context.Context) []*shard {
	list := e.nodes.Now(ctx)
	now, _ := e.routes.now()
	at := map[string][]nodes.Node{}
	for _, name := range list.Shards() {
		at[name] = list.Of(name)
	}
	for _, r := range now {
		at[r.Name] = list.Of(r.Name)
	}
	e.placing.Lock()
	defer e.placing.Unlock()
	for name := range at {
		if e.shards[name] == nil {
			e.shards[name] = &shard{name: name}
		}
	}
	all := make([]*shard, 0, len(e.shards))
	for _, name := range slices.Sorted(maps.Keys(e.shards)) {
		s := e.shards[name]
		if err := s.place(at[name]); e.told.News(name, err) {
			e.log.WarnContext(ctx, "a node cannot be asked", "shard", name, "error", err)
		}
		all = append(all, s)
	}
	return all
}

// examine a node: whether it is one of the shard's, and what it says of itself and of the table; a shard that has ended says nothing of that.
func (e *Edge) examine(ctx context.Context, s *shard, at *endpoint) (*coretypes.ResultStatus, trie.Table, error) {
	status, err := at.rpc.Status(ctx)
	if err != nil {
		return nil, nil, err
	}
	if status.NodeInfo.Network != e.cfg.Network {
		return nil, nil, fmt.Errorf("it is a node of %.60q, not of %s: correct the file of edge.nodes", status.NodeInfo.Network, e.cfg.Network)
	}
	if status.SyncInfo.CatchingUp {
		return nil, nil, errors.New("it is catching up")
	}
	params, err := latticetypes.NewQueryClient(at.grpc).Params(ctx, &latticetypes.QueryParamsRequest{})
	if err != nil {
		return nil, nil, fmt.Errorf("grpc %s: %w", at.Node.GRPC, err)
	}
	s.descended(params.Shard.Parents)
	if params.Shard.Network != e.cfg.Network {
		return nil, nil, fmt.Errorf("grpc %s is of network %.60q, not of %s: correct the file of edge.nodes", at.Node.GRPC, params.Shard.Network, e.cfg.Network)
	}
	table, own := params.Routing.Table(), params.Shard.Prefix()
	if len(table) == 0 {
		// It holds everything, under whatever name.
		if now, _ := e.routes.now(); own.Len > 0 || len(now) > 1 {
			return nil, nil, fmt.Errorf("grpc %s is of a shard without a routing table, in a network of several: correct the file of edge.nodes", at.Node.GRPC)
		}
		return status, nil, nil
	}
	if err := table.Check(); err != nil {
		return nil, nil, fmt.Errorf("grpc %s: %w", at.Node.GRPC, err)
	}
	if there, ok := prefix(table, s.name); !ok || there != own {
		return nil, nil, fmt.Errorf("grpc %s is of the shard of bits %s, which is not %s: correct the file of edge.nodes", at.Node.GRPC, trie.Bits(own), s.name)
	}
	if params.FinalHeight > 0 {
		// It has ended, or does: of what comes after it others know.
		return status, nil, nil
	}
	return status, table, nil
}

// report who cannot be asked, to whoever watches the edge.
func (e *Edge) report() {
	table, version := e.routes.now()
	var missing []string
	for _, r := range table {
		up := 0.0
		if s := e.routed(r.Name); s.latest() != nil {
			up = 1
		} else {
			missing = append(missing, r.Name)
		}
		e.metrics.up.WithLabelValues(r.Name).Set(up)
	}
	e.metrics.table.Set(float64(version))
	e.metrics.height.Set(float64(view{Edge: e}.height()))
	e.reached(missing, len(table))
}
