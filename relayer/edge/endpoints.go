package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/relayer/nodes"
)

const (
	// askTimeout bounds one question to one node; it is longer than a shard lets a client wait for a block.
	askTimeout = 12 * time.Second
	// maxAnswer of a node in bytes: it must not fill the edge's memory.
	maxAnswer = 32 << 20
	// firstBackoff after a node's failure; it doubles up to lastBackoff.
	firstBackoff, lastBackoff = 250 * time.Millisecond, 15 * time.Second
	// maxConnections that are kept to one node.
	maxConnections = 128
)

// errUnreachable tells that no node of a shard answers.
var errUnreachable = errors.New("no node answers")

// endpoint is one member of a shard.
type endpoint struct {
	nodes.Node
	rpc  *rpchttp.HTTP
	grpc *grpc.ClientConn

	// The shard's mutex guards these.
	failures int
	// until when it is not asked, and why.
	until  time.Time
	reason error
	// status as it was last heard.
	status *coretypes.ResultStatus
}

// shard is what the edge knows of one shard.
type shard struct {
	name string

	mu  sync.Mutex
	all []*endpoint
	// current endpoint is asked until it fails: who has sent at a node reads there what came of it.
	current int
	// parents that the shard has its accounts from.
	parents []string
}

// descended from these shards.
func (s *shard) descended(parents []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parents = parents
}

// dial a node; it is not asked yet.
func dial(n nodes.Node) (*endpoint, error) {
	client, err := jsonrpc.DefaultHTTPClient(n.RPC)
	if err != nil {
		return nil, fmt.Errorf("rpc %q: %w", n.RPC, err)
	}
	if t, ok := client.Transport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost, t.MaxConnsPerHost = maxConnections, maxConnections
	}
	client.Timeout, client.Transport = askTimeout, bounded{client.Transport}
	rpc, err := rpchttp.NewWithClient(n.RPC, "/websocket", client)
	if err != nil {
		return nil, fmt.Errorf("rpc %q: %w", n.RPC, err)
	}
	conn, err := grpc.NewClient(n.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("grpc %q: %w", n.GRPC, err)
	}
	return &endpoint{Node: n, rpc: rpc, grpc: conn}, nil
}

// place the shard's nodes: those that are new are dialed, others left. Those that stay keep what is known of them. Who is asked at a node that goes is answered first.
func (s *shard) place(list []nodes.Node) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var current *endpoint
	if len(s.all) > 0 {
		current = s.all[s.current]
	}
	old := s.all
	s.all, s.current = nil, 0
	for _, n := range list {
		i := slices.IndexFunc(old, func(e *endpoint) bool { return e.Node == n })
		if i >= 0 {
			s.all, old = append(s.all, old[i]), slices.Delete(slices.Clone(old), i, i+1)
			continue
		}
		e, failed := dial(n)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("shard %s: %w", s.name, failed))
			continue
		}
		s.all = append(s.all, e)
	}
	if i := slices.Index(s.all, current); i >= 0 {
		s.current = i
	}
	for _, gone := range old {
		time.AfterFunc(askTimeout, func() { _ = gone.grpc.Close() })
	}
	return err
}

// endpoints of the shard now.
func (s *shard) endpoints() []*endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// bounded cuts answers off at maxAnswer bytes.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

func (s *shard) close() (err error) {
	for _, e := range s.endpoints() {
		err = errors.Join(err, e.grpc.Close())
	}
	return err
}

// order in which endpoints are asked now: the current one first, without those that have just failed.
func (s *shard) order(now time.Time) (order []*endpoint, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		e := s.all[(s.current+i)%len(s.all)]
		if now.Before(e.until) {
			why = errors.Join(why, fmt.Errorf("%s: %w", e.Node.RPC, e.reason))
			continue
		}
		order = append(order, e)
	}
	return order, why
}

// failed endpoint: the next has its turn. What only took too long is not shut out: whoever asks for much must not take a node away from everyone.
func (s *shard) failed(e *endpoint, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) > 0 && s.all[s.current] == e {
		s.current = (s.current + 1) % len(s.all)
	}
	if errors.Is(why, context.DeadlineExceeded) || status.Code(why) == codes.DeadlineExceeded {
		return
	}
	e.shut(why)
}

// shut out an endpoint for a while. The shard's mutex is held.
func (e *endpoint) shut(why error) {
	e.until = time.Now().Add(min(firstBackoff<<min(e.failures, 8), lastBackoff))
	e.reason = why
	e.failures++
}

// worked notes an endpoint that answers, with its status.
func (s *shard) worked(e *endpoint, status *coretypes.ResultStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.failures, e.until, e.reason, e.status = 0, time.Time{}, nil, status
}

// refused notes an endpoint that must not be asked.
func (s *shard) refused(e *endpoint, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.status = nil
	e.shut(why)
}

// latest status that one of the shard's nodes has told and that still answers; nil of none.
func (s *shard) latest() (best *coretypes.ResultStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if e.status != nil && e.reason == nil && (best == nil || e.status.SyncInfo.LatestBlockHeight > best.SyncInfo.LatestBlockHeight) {
			best = e.status
		}
	}
	return best
}

// ask the endpoints in turn until one answers, be it with a refusal. The tries are those that failed before it: what was sent to them may have been taken.
func (s *shard) ask(ctx context.Context, f func(ctx context.Context, e *endpoint) error) (tries int, err error) {
	order, why := s.order(time.Now())
	if len(order) == 0 && why == nil {
		return 0, fmt.Errorf("shard %s: %w: the edge knows none, by edge.nodes", s.name, errUnreachable)
	}
	for _, e := range order {
		asked, cancel := context.WithTimeout(ctx, askTimeout)
		err := f(asked, e)
		cancel()
		if err == nil || ctx.Err() != nil || !isFailure(err) {
			return tries, answer(err)
		}
		tries++
		why = errors.Join(why, fmt.Errorf("%s: %w", e.Node.RPC, err))
		if !pruned(err) {
			s.failed(e, err)
		}
	}
	return tries, fmt.Errorf("shard %s: %w: %w", s.name, errUnreachable, why)
}

// answer without what the client of the RPC has put around it.
func answer(err error) error {
	var told *rpctypes.RPCError
	if errors.As(err, &told) {
		if told.Data != "" {
			return errors.New(told.Data)
		}
		return errors.New(told.Message)
	}
	return err
}
