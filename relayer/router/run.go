package router

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/relayer/nodes"
)

const (
	// turn is how long one node of a shard is asked where there are several: one that hides something cannot do so for longer.
	turn = time.Minute
)

// Router carries between shards, and between them and the main chain where there is one.
type Router struct {
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
	dial    func(name string, nodes []nodes.Node) (Shard, error)
	told    faults.Told

	running sync.WaitGroup

	mu       sync.Mutex
	stations map[string]*route
	// informs a shard of what the main chain says; nil without one.
	informs func(*route)
}

// route is a shard that is connected, and all that works on it.
type route struct {
	*station
	nodes []nodes.Node
	// done when the shard is left; stop makes it so.
	done context.Context
	stop context.CancelFunc
	// height of its newest block, and since when it is.
	height int64
	since  time.Time
	// lanes that begin or end here.
	lanes []*lane
	// wake whoever informs the shard; nil without a main chain.
	wake chan struct{}
}

// NewRouter that dials shards by a function; nil dials their nodes.
func NewRouter(cfg Config, log *slog.Logger, metrics *Metrics, dial func(string, []nodes.Node) (Shard, error)) *Router {
	if dial == nil {
		dial = func(name string, nodes []nodes.Node) (Shard, error) { return Dial(name, nodes) }
	}
	return &Router{cfg: cfg, log: log, metrics: metrics, dial: dial, stations: map[string]*route{}}
}

// Wait for all that was started, after its ctx has ended.
func (r *Router) Wait() { r.running.Wait() }

// Connect the shards of a network, and leave those that are not of it any more, or whose nodes have changed.
func (r *Router) Connect(ctx context.Context, shards map[string][]nodes.Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, at := range r.stations {
		if nodes, ok := shards[name]; !ok || !same(nodes, at.nodes) {
			r.leave(name)
		}
	}
	for name, nodes := range shards {
		if r.stations[name] == nil {
			r.join(ctx, name, nodes)
		}
	}
}

// same nodes, in whatever order.
func same(a, b []nodes.Node) bool {
	for _, n := range a {
		if !slices.Contains(b, n) {
			return false
		}
	}
	return len(a) == len(b)
}

// leave a shard; r.mu is held.
func (r *Router) leave(name string) {
	gone := r.stations[name]
	delete(r.stations, name)
	for _, other := range r.stations {
		kept := other.lanes[:0:0]
		for _, l := range other.lanes {
			if l.from != gone.station && l.to != gone.station {
				kept = append(kept, l)
			}
		}
		other.lanes = kept
	}
	gone.stop()
}

// join a shard; r.mu is held.
func (r *Router) join(ctx context.Context, name string, nodes []nodes.Node) {
	shard, err := r.dial(name, nodes)
	if r.told.News("dial "+name, err) {
		r.log.Error("a shard is left out: correct its nodes in the file of router.nodes", "shard", name, "error", err)
	}
	if err != nil {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	at := &route{station: &station{Shard: shard}, nodes: nodes, done: ctx, stop: stop}
	r.stations[name] = at
	r.running.Go(func() {
		if c, ok := shard.(interface{ Close() error }); ok {
			defer func() { _ = c.Close() }()
		}
		var watching sync.WaitGroup
		defer watching.Wait()
		defer stop()
		fresh := make(chan struct{}, 1)
		watching.Go(func() {
			shard.Follow(ctx, func() {
				select {
				case fresh <- struct{}{}:
				default:
				}
			})
		})
		if !r.meet(ctx, at) {
			return
		}
		r.watch(ctx, at, fresh)
	})
}

// meet a shard: it says once of whom it has its accounts. Then lanes lead to all others and back.
func (r *Router) meet(ctx context.Context, at *route) bool {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		params, err := at.Params(ctx)
		if ctx.Err() != nil {
			return false
		}
		if r.told.News(at.Name(), err) {
			r.log.Warn("a shard does not answer, tried again", "shard", at.Name(), "error", err)
		}
		if err == nil {
			at.params = params
			break
		}
		if !sleep(ctx, pause) {
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stations[at.Name()] != at {
		return false
	}
	for _, other := range r.stations {
		if other != at && other.lanes != nil {
			r.open(other, at)
			r.open(at, other)
		}
	}
	if at.lanes == nil {
		at.lanes = []*lane{}
	}
	if r.informs != nil {
		r.informs(at)
	}
	r.log.Info("carrying for a shard", "shard", at.Name())
	return true
}

// open the lanes from a shard to another: of what is addressed to that one, and to its parents.
func (r *Router) open(from, to *route) {
	for _, destination := range append([]string{to.Name()}, to.params.Shard.Parents...) {
		if destination == from.Name() {
			continue
		}
		l := newLane(from.station, to.station, destination, r.cfg, r.log, r.metrics, &r.told)
		from.lanes, to.lanes = append(from.lanes, l), append(to.lanes, l)
		// A lane ends with either of its ends.
		ctx, stop := context.WithCancel(to.done)
		unhook := context.AfterFunc(from.done, stop)
		r.running.Go(func() {
			defer stop()
			defer unhook()
			l.run(ctx)
		})
	}
}

// watch a shard: each block is looked at, and at least every poll.
func (r *Router) watch(ctx context.Context, at *route, fresh <-chan struct{}) {
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	turned := time.Now()
	for {
		err := at.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if r.told.News(at.Name(), err) {
			r.log.Warn("a shard does not answer, tried again", "shard", at.Name(), "error", err)
		}
		if err == nil {
			r.metrics.saw(at.Name(), at.seen().newest.Header.Height)
			r.nudge(at)
		}
		if time.Since(turned) > turn {
			at.Rotate()
			turned = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-fresh:
		case <-poll.C:
		}
	}
}

// nudge the lanes of a shard.
func (r *Router) nudge(at *route) {
	r.mu.Lock()
	lanes, wake := at.lanes, at.wake
	r.mu.Unlock()
	if wake != nil {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	for _, l := range lanes {
		l.nudge()
	}
}

// inform every shard that was met, and that will be.
func (r *Router) inform(informs func(*route)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.informs = informs
	for _, at := range r.stations {
		if at.lanes != nil {
			informs(at)
		}
	}
}

// met are the shards that have answered, in the order of their names.
func (r *Router) met() (list []*station) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range sortedNames(r.stations) {
		if at := r.stations[name]; at.lanes != nil {
			list = append(list, at.station)
		}
	}
	return list
}
