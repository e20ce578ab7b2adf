//go:build process

package gate

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const broadcastMethod = "/cosmos.tx.v1beta1.Service/BroadcastTx"

// valves stand before the nodes that a router asks, and let all through but for what is trapped.
type valves struct {
	mu sync.Mutex
	// kind of transaction at which kill is called: before it gets to the node, or after, so that nobody hears the answer.
	kind  string
	after bool
	kill  func() error
	// fired with what kill answered.
	fired chan error
	// seen kinds, and how often.
	seen map[string]int
}

func newValves(kill func() error) *valves {
	return &valves{kill: kill, fired: make(chan error, 1), seen: map[string]int{}}
}

// trap the next transaction of a kind.
func (v *valves) trap(kind string, after bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kind, v.after = kind, after
}

// open a valve before a node's gRPC; the address it has.
func (v *valves) open(node string) (address string, shut func(), err error) {
	conn, err := grpc.NewClient(node, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(1<<26), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error { return v.pass(conn, stream) }))
	go func() { _ = s.Serve(l) }()
	return l.Addr().String(), func() { s.Stop(); _ = conn.Close() }, nil
}

// pass a question on.
func (v *valves) pass(conn *grpc.ClientConn, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var req, res []byte
	if err := stream.RecvMsg(&req); err != nil {
		return err
	}
	incoming, _ := metadata.FromIncomingContext(stream.Context())
	ctx := metadata.NewOutgoingContext(stream.Context(), incoming)
	trapped, after := false, false
	if method == broadcastMethod {
		trapped, after = v.meets(kindOf(req))
	}
	if trapped && !after {
		v.fired <- v.kill()
		return status.Error(codes.Unavailable, "the router is dead")
	}
	if trapped {
		// Who has asked is dead when the node answers, and the question does not end with it.
		ctx = context.WithoutCancel(ctx)
	}
	var header metadata.MD
	err := conn.Invoke(ctx, method, &req, &res, grpc.ForceCodec(raw{}), grpc.Header(&header), grpc.MaxCallRecvMsgSize(1<<26))
	if trapped {
		v.fired <- v.kill()
	}
	if err != nil {
		return err
	}
	if heights := header.Get("x-cosmos-block-height"); len(heights) > 0 {
		if err := stream.SetHeader(metadata.Pairs("x-cosmos-block-height", heights[0])); err != nil {
			return err
		}
	}
	return stream.SendMsg(&res)
}

// meets a transaction: whether it is trapped, which it is once.
func (v *valves) meets(kind string) (trapped, after bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen[kind]++
	if trapped = kind == v.kind; trapped {
		v.kind = ""
	}
	return trapped, v.after
}

// kindOf a transaction: what is carried to a shard, or the name of the first message to the main chain.
func kindOf(req []byte) string {
	var broadcast txtypes.BroadcastTxRequest
	if proto.Unmarshal(req, &broadcast) != nil {
		return ""
	}
	if latticetypes.IsCarried(broadcast.TxBytes) {
		c, err := latticetypes.DecodeCarried(broadcast.TxBytes)
		if err != nil {
			return ""
		}
		return strings.TrimPrefix(fmt.Sprintf("%T", c.Content), "*types.Carried_")
	}
	var tx txtypes.Tx
	if proto.Unmarshal(broadcast.TxBytes, &tx) != nil || tx.Body == nil || len(tx.Body.Messages) == 0 {
		return ""
	}
	url := tx.Body.Messages[0].TypeUrl
	return url[strings.LastIndex(url, ".")+1:]
}

// raw leaves messages as they are.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no message as it is", v)
	}
	return *b, nil
}

func (raw) Unmarshal(bytes []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no message as it is", v)
	}
	*b = append([]byte{}, bytes...)
	return nil
}
