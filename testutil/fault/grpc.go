package fault

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
)

// Call is one gRPC call on its way through a proxy.
type Call struct {
	// Method is the full name, e.g. /cosmos.tx.v1beta1.Service/BroadcastTx.
	Method string
	// Request in protobuf.
	Request []byte
	// Answered tells that the node has answered and the client does not know yet.
	Answered bool
	// Answer in protobuf, once answered; a hook may change it.
	Answer *[]byte
}

// GRPC is a proxy between a client and a node's gRPC. A hook sees every call twice, before the node does and after; its error is the client's answer.
type GRPC struct {
	// Address that the client is given, host:port.
	Address string

	server *grpc.Server
	node   *grpc.ClientConn
	done   chan struct{}
}

// NewGRPC listens on loopback and passes unary calls on to a node at host:port.
func NewGRPC(upstream string, hook func(context.Context, Call) error) (*GRPC, error) {
	node, err := grpc.NewClient(upstream, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, fmt.Errorf("gRPC %q: %w", upstream, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, node.Close())
	}
	p := &GRPC{Address: listener.Addr().String(), node: node, done: make(chan struct{})}
	p.server = grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		return p.pass(stream, hook)
	}))
	go func() {
		defer close(p.done)
		_ = p.server.Serve(listener)
	}()
	return p, nil
}

// Close cuts every connection.
func (p *GRPC) Close() error {
	p.server.Stop()
	<-p.done
	return p.node.Close()
}

func (p *GRPC) pass(stream grpc.ServerStream, hook func(context.Context, Call) error) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request, answer []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	ctx := stream.Context()
	if err := hook(ctx, Call{Method: method, Request: request}); err != nil {
		return err
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	var header metadata.MD
	if err := p.node.Invoke(ctx, method, &request, &answer, grpc.Header(&header)); err != nil {
		return err
	}
	// At which height a question was answered stands there alone.
	if heights := header.Get(grpctypes.GRPCBlockHeightHeader); len(heights) > 0 {
		if err := stream.SetHeader(metadata.Pairs(grpctypes.GRPCBlockHeightHeader, heights[0])); err != nil {
			return err
		}
	}
	if err := hook(ctx, Call{Method: method, Request: request, Answered: true, Answer: &answer}); err != nil {
		return err
	}
	return stream.SendMsg(&answer)
}

// raw passes messages on as the bytes they are.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) {
	bz, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is not the proxy's", v)
	}
	return *bz, nil
}

func (raw) Unmarshal(data []byte, v any) error {
	bz, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is not the proxy's", v)
	}
	*bz = append([]byte(nil), data...)
	return nil
}
