package router

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
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/topnetwork/top/relayer/nodes"
)

const (
	// answerTimeout of one question: cross-shard coins wait while a node stalls.
	answerTimeout = 3 * time.Second
	// maxAnswer of a node in bytes: it must not fill the router's memory.
	maxAnswer = 16 << 20
)

// member is one node of a shard.
type member struct {
	nodes.Node
	rpc   *rpchttp.HTTP
	conn  *grpc.ClientConn
	index int
}

// members of one shard that are asked: one of them until it fails, stalls or answers what cannot be true; then the next has its turn. A shard's nodes name the network, not the shard, so that what they are of is seen by their headers.
type members struct {
	all []*member

	mu      sync.Mutex
	current int
}

// dial asks nobody yet: a node may be down.
func dial(nodes []nodes.Node) (*members, error) {
	if len(nodes) == 0 {
		return nil, errors.New("no node of it is named")
	}
	codec := codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).GRPCCodec()
	m := &members{}
	for i, node := range nodes {
		client, err := jsonrpc.DefaultHTTPClient(node.RPC)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("RPC %q: %w", node.RPC, err), m.close())
		}
		client.Timeout, client.Transport = answerTimeout, bounded{client.Transport}
		rpc, err := rpchttp.NewWithClient(node.RPC, "/websocket", client)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("RPC %q: %w", node.RPC, err), m.close())
		}
		conn, err := grpc.NewClient(node.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(codec), grpc.MaxCallRecvMsgSize(maxAnswer)))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("gRPC %q: %w", node.GRPC, err), m.close())
		}
		m.all = append(m.all, &member{node, rpc, conn, i})
	}
	return m, nil
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

// ask lets the nodes answer in turn until one does; f's error says that an answer is missing or cannot be true. A refusal is an answer.
func (m *members) ask(ctx context.Context, f func(context.Context, *member) error) error {
	var failed error
	for range m.all {
		at := m.pick()
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, answerTimeout)
			defer cancel()
			return f(ctx, at)
		}()
		if err == nil || ctx.Err() != nil || errors.As(err, new(*Refusal)) || errors.Is(err, errNoMainChain) || isAnswer(err) {
			return err
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", at.RPC, err))
		m.leave(at.index)
	}
	return failed
}

// isAnswer tells a chain's answer from a node's failure.
func isAnswer(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.InvalidArgument, codes.OutOfRange, codes.FailedPrecondition:
		return true
	}
	return false
}

func (m *members) pick() *member {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[m.current]
}

// leave goes on to the node after i, unless somebody has left it already.
func (m *members) leave(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == i {
		m.current = (i + 1) % len(m.all)
	}
}

func (m *members) close() (err error) {
	for _, one := range m.all {
		err = errors.Join(err, one.conn.Close())
	}
	return err
}
