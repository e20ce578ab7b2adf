package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cometbft/cometbft/libs/log"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/rs/cors"
	"golang.org/x/net/netutil"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/relayer/nodes"
)

const (
	// maxSent transactions of which it is remembered to which shard they went.
	maxSent = 1 << 16
	// stopGrace that answers have which are being given when the edge ends.
	stopGrace = 2 * time.Second
)

// Addresses on which an edge serves, host:port; empty is not served.
type Addresses struct {
	RPC  string `json:"rpc,omitempty"`
	REST string `json:"rest,omitempty"`
	GRPC string `json:"grpc,omitempty"`
}

// Deps of an edge.
type Deps struct {
	Log     *slog.Logger
	Metrics *Metrics
	// Serving is told once the edge listens.
	Serving func(Addresses)
	// Idle is told why the edge cannot do its work, Warned what it works without; "" ends either.
	Idle, Warned func(text string)
}

// Edge of a network.
type Edge struct {
	cfg      Config
	log      *slog.Logger
	cometLog log.Logger
	metrics  *Metrics
	deps     Deps

	routes routes
	nodes  *nodes.File
	// shards of which the file of nodes or the table knows; placing guards the map.
	placing sync.RWMutex
	shards  map[string]*shard
	cache   *cache
	limits  *limits
	proxies proxies
	sockets sockets
	events  *events
	// sent are the last transactions, with the shard that each went to.
	sent *lru.Cache[lattice.Hash, sentTx]
	// carrying over what shards that have ended took: what comes after it waits.
	carrying atomic.Bool
	// most is the greatest height that was told.
	most atomic.Int64
	told faults.Told
	// reports are what was told last of being idle and of a warning; only refreshing has them.
	reports *[2]string

	woken  chan struct{}
	failed chan error
	mu     sync.Mutex
	close  []func() error
}

func newEdge(cfg Config, deps Deps) (e *Edge, err error) {
	e = &Edge{cfg: cfg, log: deps.Log, cometLog: log.NewNopLogger(), metrics: deps.Metrics, deps: deps, shards: map[string]*shard{}, woken: make(chan struct{}, 1), failed: make(chan error, 1)}
	if e.nodes, err = nodes.Open(cfg.Nodes, deps.Log); err != nil {
		return nil, fmt.Errorf("edge.nodes: %w", err)
	}
	if e.limits, err = newLimits(cfg, func(why string) { deps.Metrics.refused.WithLabelValues(why).Inc() }); err != nil {
		return nil, err
	}
	if e.proxies, err = parseProxies(cfg.Proxies); err != nil {
		return nil, err
	}
	asked := map[bool]string{true: "hit", false: "miss"}
	if e.cache, err = newCache(cfg.Cache<<20, func(hit bool) { deps.Metrics.cache.WithLabelValues(asked[hit]).Inc() }); err != nil {
		return nil, err
	}
	if e.sent, err = lru.New[lattice.Hash, sentTx](maxSent); err != nil {
		return nil, err
	}
	e.events = newEvents(e, e.cometLog)
	e.onClose(func() (err error) {
		e.placing.RLock()
		defer e.placing.RUnlock()
		for _, s := range e.shards {
			err = errors.Join(err, s.close())
		}
		return err
	})
	return e, nil
}

// Run an edge until the context ends.
func Run(ctx context.Context, cfg Config, deps Deps) (err error) {
	e, err := newEdge(cfg, deps)
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		err = errors.Join(err, e.stop())
		background.Wait()
	}()
	if err := e.events.bus.Start(); err != nil {
		return err
	}
	e.onClose(e.events.bus.Stop)
	e.probe(ctx)
	addresses, err := e.listen(ctx)
	if err != nil {
		return err
	}
	deps.Serving(addresses)
	for _, f := range []func(context.Context) error{e.refresh, e.events.run} {
		background.Go(func() { _ = f(ctx) })
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-e.failed:
		return err
	}
}

// listen on all addresses and serve.
func (e *Edge) listen(ctx context.Context) (addresses Addresses, err error) {
	for _, server := range []struct {
		name, address string
		serving       *string
		serve         func(l net.Listener) error
	}{
		{"rpc", e.cfg.RPC, &addresses.RPC, func(l net.Listener) error { e.serveRPC(l); return nil }},
		{"rest", e.cfg.REST, &addresses.REST, func(l net.Listener) error { return e.serveREST(ctx, l) }},
		{"grpc", e.cfg.GRPC, &addresses.GRPC, func(l net.Listener) error { e.serveGRPC(l); return nil }},
	} {
		if server.address == "" {
			continue
		}
		l, err := net.Listen("tcp", server.address)
		if err != nil {
			return addresses, fmt.Errorf("edge.%s: %w", server.name, err)
		}
		if err := server.serve(l); err != nil {
			return addresses, errors.Join(err, l.Close())
		}
		*server.serving = l.Addr().String()
	}
	return addresses, nil
}

// serveHTTP on a listener. A server that fails ends the edge.
func (e *Edge) serveHTTP(name string, l net.Listener, handler http.Handler) {
	if len(e.cfg.Origins) > 0 {
		handler = cors.New(cors.Options{AllowedOrigins: e.cfg.Origins, AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodHead}, AllowedHeaders: []string{"Content-Type", shardHeader}}).Handler(handler)
	}
	server := &http.Server{Handler: e.proxies.http(handler), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(e.log.Handler(), slog.LevelDebug)}
	e.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		if err := server.Shutdown(ctx); err == nil {
			return nil
		}
		return server.Close()
	})
	e.run(name, func() error {
		if err := server.Serve(netutil.LimitListener(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// run a server beside the others.
func (e *Edge) run(name string, serve func() error) {
	go func() {
		if err := serve(); err != nil {
			select {
			case e.failed <- fmt.Errorf("edge.%s: %w", name, err):
			default:
			}
		}
	}()
}

func (e *Edge) onClose(f func() error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.close = append(e.close, f)
}

// stop what serves, last what others ask.
func (e *Edge) stop() (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range slices.Backward(e.close) {
		err = errors.Join(err, f())
	}
	e.close = nil
	return err
}

// reached tells who watches the edge which shards cannot be asked.
func (e *Edge) reached(missing []string, all int) {
	text := ""
	if len(missing) > 0 {
		shown := missing[:min(len(missing), 8)]
		text = fmt.Sprintf("no node answers of %d of %d shards: %s", len(missing), all, strings.Join(shown, ", "))
	}
	idle, warned := "", text
	switch {
	case all == 0:
		idle = "no node that edge.nodes names, or its hosts, has told of the network's shards"
	case len(missing) == all:
		idle, warned = text, ""
	}
	// Each telling writes a file.
	now := [2]string{idle, warned}
	if e.reports != nil && *e.reports == now {
		return
	}
	e.reports = &now
	e.deps.Idle(idle)
	e.deps.Warned(warned)
}
