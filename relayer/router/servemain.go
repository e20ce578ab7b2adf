package router

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/nodes"
	"github.com/topnetwork/top/sdk/chain"
)

// mainEvery is the pause between two questions to the main chain: its blocks are a second apart.
const mainEvery = time.Second

// ServeMain is the router role of a network with a main chain, until ctx ends: the main chain says which shards there are, and the file of nodes where. ready is told when the main chain answers.
func ServeMain(ctx context.Context, cfg Config, at ibc.EndpointConfig, key *chain.Key, log *slog.Logger, metrics *Metrics, idle func(reason string), ready func(*chain.Client)) error {
	file, err := nodes.Open(cfg.Nodes, log)
	if err != nil {
		return fmt.Errorf("router.nodes: %w", err)
	}
	r := NewRouter(cfg, log, metrics, nil)
	defer r.Wait()
	// The shards go on without the main chain: those that the file names.
	var main *ibc.Endpoint
	defer func() {
		if main != nil {
			_ = main.Close()
		}
	}()
	connecting, stop := context.WithCancel(ctx)
	reached := make(chan error, 1)
	go func() {
		reached <- ibc.Reach(connecting, at.ChainID, log, func(string) {}, func(ctx context.Context) (err error) {
			main, err = ibc.Connect(ctx, at, key)
			return err
		})
	}()
	for waiting := true; waiting; {
		r.Connect(ctx, named(file.Now(ctx), nil))
		idle(fmt.Sprintf("%s does not answer; shards that the file of router.nodes names are carried for", at.ChainID))
		select {
		case err := <-reached:
			if err != nil && ctx.Err() == nil {
				stop()
				return fmt.Errorf("%s: %w", at.ChainID, err)
			}
			waiting = false
		case <-time.After(nodesEvery):
		}
	}
	stop()
	if ctx.Err() != nil {
		return nil
	}
	ready(main.Client)
	m := &mainSide{Router: r, main: settlement{main, key}, chainID: at.ChainID}
	m.settler = newSettler(m.main, at.ChainID, cfg, log, metrics)
	m.run(ctx, file, idle)
	return nil
}

// named are the shards that a file names, and those that the main chain does.
func named(list nodes.List, n *network) map[string][]nodes.Node {
	shards := map[string][]nodes.Node{}
	for _, name := range list.Shards() {
		shards[name] = list.Of(name)
	}
	if n != nil {
		for name := range n.shards {
			if of := list.Of(name); len(of) > 0 {
				shards[name] = of
			}
		}
	}
	return shards
}

// mainSide is what a router does with a main chain.
type mainSide struct {
	*Router
	main    Main
	chainID string
	settler *settler

	known sync.Mutex
	now   *network
}

// network as the main chain said last.
func (m *mainSide) network() *network {
	m.known.Lock()
	defer m.known.Unlock()
	return m.now
}

// run until ctx ends.
func (m *mainSide) run(ctx context.Context, file *nodes.File, idle func(string)) {
	m.Router.inform(func(at *route) { m.informs(at) })
	said := "starting"
	for {
		n, err := ask(ctx, m.main, m.network())
		if ctx.Err() != nil {
			return
		}
		if m.told.News(m.chainID, err) {
			m.log.Warn("the main chain does not answer, tried again; shards are carried for meanwhile", "error", err)
		}
		if err == nil {
			m.known.Lock()
			m.now = n
			m.known.Unlock()
			m.metrics.saw(m.chainID, n.height)
		}
		now := m.network()
		list := file.Now(ctx)
		m.Connect(ctx, named(list, now))
		reason := m.silent(time.Now())
		if now != nil {
			reason = m.unplaced(list, now, reason)
			stations := m.met()
			err := m.settler.step(ctx, now, stations)
			if ctx.Err() != nil {
				return
			}
			if m.told.News("settle", err) {
				m.log.Warn("the shards are not anchored on the main chain, tried again", "error", err)
			}
			err = m.settler.settle(ctx, now, stations)
			if ctx.Err() != nil {
				return
			}
			if m.told.News("gate", err) {
				m.log.Warn("what waits between shards and the main chain is not brought there, tried again; it is in top_router_waiting_batches", "error", err)
			}
		}
		if reason != said {
			said = reason
			idle(reason)
		}
		if !sleep(ctx, mainEvery) {
			return
		}
	}
}

// unplaced names shards that the main chain knows and the file of nodes does not.
func (m *mainSide) unplaced(list nodes.List, n *network, reason string) string {
	for _, name := range sortedNames(n.shards) {
		if s := n.shards[name].shard; s.Runs() && len(list.Of(name)) == 0 {
			return fmt.Sprintf("the main chain has the shard %s, and the file of router.nodes has no node of it: add a line", name)
		}
	}
	return reason
}

// informs a shard from now on.
func (m *mainSide) informs(at *route) {
	i := newInformer(m.main, at.station, m.cfg, m.log, m.metrics, &m.told, m.met)
	at.wake = make(chan struct{}, 1)
	wake := at.wake
	m.running.Go(func() { i.run(at.done, wake, m.network) })
}
