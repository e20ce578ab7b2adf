package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
)

// peer is one node; its chain id is known once it has answered.
type peer struct {
	address string
	conn    *grpc.ClientConn
	known   bool
}

// failover is a connection to a chain by way of several nodes. One of them is asked until it fails; then the next has its turn. A node of another chain is never
// asked.
type failover struct {
	chainID string
	peers   []*peer

	mu      sync.Mutex
	current int
}

func (f *failover) pick() (*peer, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peers[f.current], f.current
}

// leave goes on to the node after i, unless somebody has left it already.
func (f *failover) leave(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == i {
		f.current = (i + 1) % len(f.peers)
	}
}

// broadcastMethod is asked of one node only: a node that fails may have taken the transaction, and another's word that its sequence is used up would then not mean
// that it got lost.
const broadcastMethod = "/cosmos.tx.v1beta1.Service/BroadcastTx"

// Invoke asks the nodes in turn until one answers, be it with a refusal.
func (f *failover) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	var failed error
	for range f.peers {
		p, i := f.pick()
		err := f.identify(ctx, p)
		if err == nil {
			err = p.conn.Invoke(ctx, method, args, reply, opts...)
		}
		if err == nil || ctx.Err() != nil || !nodeFailed(err) {
			return err
		}
		// The last failure keeps its code for the caller.
		failed = err
		f.leave(i)
		if method == broadcastMethod {
			break
		}
	}
	return failed
}

// NewStream is for generated clients that stream; the chains' services do not.
func (f *failover) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	p, _ := f.pick()
	if err := f.identify(ctx, p); err != nil {
		return nil, err
	}
	return p.conn.NewStream(ctx, desc, method, opts...)
}

// identify asks a node once which chain it is of. The first that answers decides when no id is given.
func (f *failover) identify(ctx context.Context, p *peer) error {
	f.mu.Lock()
	known, want := p.known, f.chainID
	f.mu.Unlock()
	if known {
		return nil
	}
	res, err := cmtservice.NewServiceClient(p.conn).GetLatestBlock(ctx, &cmtservice.GetLatestBlockRequest{})
	if err != nil {
		return err
	}
	if res.SdkBlock == nil {
		return status.Errorf(codes.Unavailable, "%s has no block yet", p.address)
	}
	got := res.SdkBlock.Header.ChainID
	if want != "" && got != want {
		return &wrongChain{p.address, got, want}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.chainID, p.known = got, true
	return nil
}

// wrongChain is a configuration's mistake; to a call the node is as good as absent.
type wrongChain struct{ address, got, want string }

func (e *wrongChain) Error() string {
	return fmt.Sprintf("%s is a node of %s, not of %s", e.address, e.got, e.want)
}

// GRPCStatus makes the mistake a failure of the node.
func (e *wrongChain) GRPCStatus() *status.Status { return status.New(codes.Unavailable, e.Error()) }

// nodeFailed tells a node's failure from a chain's answer.
func nodeFailed(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.DataLoss, codes.ResourceExhausted, codes.Unimplemented:
		return true
	default:
		return false
	}
}

func (f *failover) close() error {
	var failed error
	for _, p := range f.peers {
		failed = errors.Join(failed, p.conn.Close())
	}
	return failed
}

// ErrUnreachable says that no node of a chain answers: it may later.
var ErrUnreachable = errors.New("no node answers")

// start asks every node which chain it is of: one must answer, and none may be of another chain.
func (f *failover) start(ctx context.Context) error {
	var failed error
	first := -1
	for i, p := range f.peers {
		err := f.identify(ctx, p)
		var wrong *wrongChain
		switch {
		case errors.As(err, &wrong):
			return err
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("no chain answers at %s: %w", p.address, err))
		case first < 0:
			first = i
		}
	}
	if first < 0 {
		return fmt.Errorf("%w: %w", ErrUnreachable, failed)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = first
	return nil
}
