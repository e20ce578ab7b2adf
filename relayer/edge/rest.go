package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/server/api"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// conn asks the edge itself: REST is gRPC in other words.
type conn struct{ *Edge }

// Invoke implements grpc.ClientConnInterface.
func (c conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	in, ok := args.(proto.Message)
	out, fits := reply.(proto.Message)
	if !ok || !fits {
		return status.Errorf(codes.Internal, "%T and %T are no messages", args, reply)
	}
	req, err := proto.Marshal(in)
	if err != nil {
		return err
	}
	res, err := c.unary(ctx, method, req, opts...)
	if err != nil {
		return coded(err)
	}
	return proto.Unmarshal(res, out)
}

// NewStream implements grpc.ClientConnInterface; REST has none.
func (conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams are gRPC's")
}

// serveREST on a listener.
func (e *Edge) serveREST(ctx context.Context, l net.Listener) error {
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	txtypes.RegisterInterfaces(registry)
	clientCtx := client.Context{}.WithCodec(codec.NewProtoCodec(registry)).WithInterfaceRegistry(registry)
	gateway := api.New(clientCtx, log.NewNopLogger(), nil).GRPCGatewayRouter
	c := conn{e}
	for _, err := range []error{
		latticetypes.RegisterQueryHandlerClient(ctx, gateway, latticetypes.NewQueryClient(c)),
		authtypes.RegisterQueryHandlerClient(ctx, gateway, authtypes.NewQueryClient(c)),
		banktypes.RegisterQueryHandlerClient(ctx, gateway, banktypes.NewQueryClient(c)),
		txtypes.RegisterServiceHandlerClient(ctx, gateway, txtypes.NewServiceClient(c)),
	} {
		if err != nil {
			return fmt.Errorf("rest: %w", err)
		}
	}
	e.serveHTTP("rest", l, e.limits.http(e.named(gateway)))
	return nil
}

// named shard of a request: below /shard/NAME, or by its header.
func (e *Edge) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get(shardHeader)
		if rest, below := strings.CutPrefix(r.URL.Path, shardPath); below {
			name, rest, _ = strings.Cut(rest, "/")
			changed := *r.URL
			changed.Path, changed.RawPath = "/"+rest, ""
			copied := *r
			copied.URL = &changed
			r = &copied
		}
		if name != "" {
			if _, err := e.shard(name); err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(within(r.Context(), name)))
	})
}

// shardPath before the name of a shard and the path there.
const shardPath = "/shard/"
