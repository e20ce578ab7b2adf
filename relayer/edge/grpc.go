package edge

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
)

// frame is a message as it is on the wire: the edge passes on what it does not look into.
type frame struct{ bytes []byte }

// rawCodec leaves messages as they are.
type rawCodec struct{}

// Name is that of the messages' encoding.
func (rawCodec) Name() string { return "proto" }

// Marshal a frame.
func (rawCodec) Marshal(v any) ([]byte, error) {
	f, ok := v.(*frame)
	if !ok {
		return nil, fmt.Errorf("%T is no frame", v)
	}
	return f.bytes, nil
}

// Unmarshal into a frame.
func (rawCodec) Unmarshal(bytes []byte, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return fmt.Errorf("%T is no frame", v)
	}
	f.bytes = bytes
	return nil
}

// serveGRPC on a listener.
func (e *Edge) serveGRPC(l net.Listener) {
	s := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(e.handle),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeader), grpc.ConnectionTimeout(headerTimeout))
	e.onClose(func() error { s.Stop(); return nil })
	e.run("grpc", func() error { return s.Serve(netutil.LimitListener(l, maxClients)) })
}

// handle any method: the stream of transactions, or one question and its answer.
func (e *Edge) handle(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	ctx := stream.Context()
	client := e.proxies.grpc(ctx)
	incoming, _ := metadata.FromIncomingContext(ctx)
	if names := incoming.Get(shardHeader); len(names) > 0 {
		ctx = within(ctx, names[0])
	}
	if method == submitMethod {
		return e.submit(ctx, client, stream)
	}
	done, err := e.limits.admit(client, 1)
	if err != nil {
		return refused(err)
	}
	defer done()
	var req frame
	if err := stream.RecvMsg(&req); err != nil {
		return err
	}
	if heights := incoming.Get(grpctypes.GRPCBlockHeightHeader); len(heights) == 1 {
		ctx = metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, heights[0])
	}
	var header metadata.MD
	res, err := e.unary(ctx, method, req.bytes, grpc.Header(&header))
	if err != nil {
		return coded(err)
	}
	if heights := header.Get(grpctypes.GRPCBlockHeightHeader); len(heights) == 1 {
		if err := stream.SetHeader(metadata.Pairs(grpctypes.GRPCBlockHeightHeader, heights[0])); err != nil {
			return err
		}
	}
	return stream.SendMsg(&frame{res})
}

// unary question of the network, or of the shard that the context names: by the account that it is about, merged where all shards know a part, or whatever any shard says.
func (e *Edge) unary(ctx context.Context, method string, req []byte, opts ...grpc.CallOption) ([]byte, error) {
	v := e.viewOf(ctx)
	if a, ok := keyOf(method, req); ok {
		if method == broadcastMethod {
			return v.broadcastTx(ctx, a, req)
		}
		s, err := v.of(a)
		if err != nil {
			return nil, err
		}
		res, err := s.invoke(ctx, method, req, opts...)
		if again := v.follow(ctx, s, a, status.Convert(err).Message()); err != nil && again != nil {
			return again.invoke(ctx, method, req, opts...)
		}
		return res, err
	}
	switch method {
	case getTxMethod:
		return v.getTx(ctx, req, opts...)
	case searchMethod:
		return v.search(ctx, req, opts...)
	case supplyMethod:
		return v.supplyOf(ctx, req, opts...)
	case headMethod, invariantsMethod:
		s, err := v.single(method)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		return s.invoke(ctx, method, req, opts...)
	}
	s, err := v.any()
	if err != nil {
		return nil, err
	}
	return s.invoke(ctx, method, req, opts...)
}

// invoke a method at one of the shard's nodes.
func (s *shard) invoke(ctx context.Context, method string, req []byte, opts ...grpc.CallOption) ([]byte, error) {
	res, _, err := s.try(ctx, method, req, opts...)
	return res, err
}

// try to invoke a method, and tell how many nodes have failed at it before.
func (s *shard) try(ctx context.Context, method string, req []byte, opts ...grpc.CallOption) (res []byte, tries int, err error) {
	opts = append(opts, grpc.ForceCodec(rawCodec{}))
	tries, err = s.ask(ctx, func(ctx context.Context, e *endpoint) error {
		var f frame
		err := e.grpc.Invoke(ctx, method, &frame{req}, &f, opts...)
		res = f.bytes
		return err
	})
	return res, tries, err
}
