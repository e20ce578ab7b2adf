package ibc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"

	"github.com/topnetwork/top/sdk/chain"
)

const (
	// rpcTimeout bounds one request: a node that stalls must not stall the relayer.
	rpcTimeout = 10 * time.Second
	// maxAnswer bounds one answer in bytes: a node must not fill the relayer's memory.
	maxAnswer = 64 << 20
	// staleAfter is the age of a newest block at which other nodes are asked whether they have a newer one.
	staleAfter = 30 * time.Second
)

// node is one RPC address.
type node struct {
	*rpchttp.HTTP
	address string
	index   int
}

// nodes are the RPC addresses of one chain. One of them is asked until it fails, stalls or answers what cannot be true; then the next has its turn.
type nodes struct {
	chainID string
	all     []node

	mu      sync.Mutex
	current int
	// verified is the greatest height whose header was found to be signed: a node that is behind it is of no use.
	verified int64
}

func dialNodes(chainID string, addresses []string, timeout time.Duration) (*nodes, error) {
	n := &nodes{chainID: chainID}
	for i, address := range addresses {
		client, err := jsonrpc.DefaultHTTPClient(address)
		if err != nil {
			return nil, fmt.Errorf("RPC %q: %w", address, err)
		}
		client.Timeout, client.Transport = timeout, bounded{client.Transport}
		c, err := rpchttp.NewWithClient(address, "/websocket", client)
		if err != nil {
			return nil, fmt.Errorf("RPC %q: %w", address, err)
		}
		n.all = append(n.all, node{c, address, i})
	}
	return n, nil
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

// ask lets the nodes answer in turn until one does; f's error says that an answer is missing or cannot be true. All that
// f asks is asked of one node.
func (n *nodes) ask(ctx context.Context, f func(node) error) error {
	var failed error
	for range n.all {
		at := n.pick()
		err := f(at)
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", at.address, err))
		n.leave(at.index)
	}
	return failed
}

func (n *nodes) pick() node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all[n.current]
}

// rotate gives the next node its turn: what one keeps to itself another tells.
func (n *nodes) rotate() { n.leave(n.pick().index) }

// leave goes on to the node after i, unless somebody has left it already.
func (n *nodes) leave(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.current == i {
		n.current = (i + 1) % len(n.all)
	}
}

func (n *nodes) prefer(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current = i
}

func (n *nodes) sawVerified(height int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.verified = max(n.verified, height)
}

func (n *nodes) leastHeight() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.verified
}

// errWrongChain is a configuration's fault, no node's.
var errWrongChain = errors.New("another chain's node")

// identify asks every node that answers which chain it is of; at least one must answer.
func (n *nodes) identify(ctx context.Context) error {
	var failed error
	reached := false
	for i, at := range n.all {
		status, err := at.Status(ctx)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("RPC %s: %w", at.address, err))
		case status.NodeInfo.Network != n.chainID:
			return fmt.Errorf("RPC %s is a node of %s, not of %s: %w", at.address, status.NodeInfo.Network, n.chainID, errWrongChain)
		case !reached:
			reached = true
			n.prefer(i)
		}
	}
	if reached {
		return nil
	}
	return fmt.Errorf("%w: %w", chain.ErrUnreachable, failed)
}

// errStale is a newest block of some age: no fault when the whole chain has stopped.
var errStale = errors.New("its newest block is old")

// latest is the newest height whose commit a node can prove. Where every node's is old, the chain has stopped, and what it has can still be proven: then the
// node that has most is asked from here on.
func (n *nodes) latest(ctx context.Context, now time.Time) (int64, error) {
	var fresh, stale int64
	var most int
	err := n.ask(ctx, func(at node) error {
		status, err := at.Status(ctx)
		if err != nil {
			return err
		}
		height := status.SyncInfo.LatestBlockHeight
		switch {
		case status.NodeInfo.Network != n.chainID:
			return fmt.Errorf("it is a node of %q: %w", status.NodeInfo.Network, errWrongChain)
		case status.SyncInfo.CatchingUp:
			return errors.New("it is catching up")
		case height < n.leastHeight():
			return fmt.Errorf("it is at height %d, and %d was seen", height, n.leastHeight())
		}
		if age := now.Sub(status.SyncInfo.LatestBlockTime); age > staleAfter {
			if height > stale {
				stale, most = height, at.index
			}
			return fmt.Errorf("height %d, %s old: %w", height, age.Round(time.Second), errStale)
		}
		fresh = height
		return nil
	})
	switch {
	case err == nil:
		return fresh, nil
	case stale > 0 && ctx.Err() == nil:
		n.prefer(most)
		return stale, nil
	}
	return 0, fmt.Errorf("height of %s: %w", n.chainID, err)
}
