package edge

import (
	"context"
	"errors"
	"fmt"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/trie"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// probeTimeout of one node.
const probeTimeout = 3 * time.Second

// refresh what the edge knows of its shards, again and again: which nodes answer, heights, the table. A refusal that names another shard than the table wakes it.
func (e *Edge) refresh(ctx context.Context) error {
	tick := time.NewTicker(e.cfg.Refresh)
	defer tick.Stop()
	for {
		e.probe(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-e.woken:
		}
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
	var group errgroup.Group
	group.SetLimit(atOnce)
	type answer struct {
		table trie.Table
		err   error
	}
	answers := make(map[*endpoint]*answer)
	for _, s := range e.shards {
		for _, at := range s.all {
			answers[at] = &answer{}
		}
	}
	for _, s := range e.shards {
		for _, at := range s.all {
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
	for _, s := range e.shards {
		reachable := false
		for _, at := range s.all {
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
	if next := chosen(now, heard); e.routes.adopt(next) {
		e.log.InfoContext(ctx, "the routing table has changed", "shards", len(next))
	}
	e.report()
}

// examine a node: whether it is one of the shard's, and what it says of itself and of the table.
func (e *Edge) examine(ctx context.Context, s *shard, at *endpoint) (*coretypes.ResultStatus, trie.Table, error) {
	status, err := at.rpc.Status(ctx)
	if err != nil {
		return nil, nil, err
	}
	if status.NodeInfo.Network != e.cfg.Network {
		return nil, nil, fmt.Errorf("it is a node of %.60q, not of %s: correct edge.shards", status.NodeInfo.Network, e.cfg.Network)
	}
	if status.SyncInfo.CatchingUp {
		return nil, nil, errors.New("it is catching up")
	}
	params, err := latticetypes.NewQueryClient(at.grpc).Params(ctx, &latticetypes.QueryParamsRequest{})
	if err != nil {
		return nil, nil, fmt.Errorf("grpc %s: %w", at.Node.GRPC, err)
	}
	if params.Shard.Network != e.cfg.Network {
		return nil, nil, fmt.Errorf("grpc %s is of network %.60q, not of %s: correct edge.shards", at.Node.GRPC, params.Shard.Network, e.cfg.Network)
	}
	table, own := params.Routing.Table(), params.Shard.Prefix()
	if len(table) == 0 {
		// It holds everything, under whatever name.
		if now, _ := e.routes.now(); own.Len > 0 || len(now) > 1 {
			return nil, nil, fmt.Errorf("grpc %s is of a shard without a routing table, in a network of several: correct edge.shards", at.Node.GRPC)
		}
		return status, nil, nil
	}
	if err := table.Check(); err != nil {
		return nil, nil, fmt.Errorf("grpc %s: %w", at.Node.GRPC, err)
	}
	if there, ok := prefix(table, s.name); !ok || there != own {
		return nil, nil, fmt.Errorf("grpc %s is of the shard of bits %s, which is not %s: correct edge.shards", at.Node.GRPC, trie.Bits(own), s.name)
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
