package shard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/cometbft/cometbft/node"
	rpccore "github.com/cometbft/cometbft/rpc/core"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/gorilla/handlers"
	"github.com/improbable-eng/grpc-web/go/grpcweb"
	"github.com/rs/cors"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/server/api"
	servercmtlog "github.com/cosmos/cosmos-sdk/server/log"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/openapi"
	"github.com/topnetwork/top/app/shardchain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// maxMessage of gRPC in bytes: a batch of a thousand transactions at their largest.
const maxMessage = maxBatch * 4200

// servers of a shard's process.
type servers struct {
	app *shardchain.App
	cfg Config
	*listeners
	// failed is told by the first server that ends by itself.
	failed chan error

	grpc *grpc.Server
	conn *grpc.ClientConn
	// close what serves, in the order of starting.
	close []func() error
}

func newServers(app *shardchain.App, cfg Config, l *listeners) *servers {
	return &servers{app: app, cfg: cfg, listeners: l, failed: make(chan error, 1)}
}

// start all of them on a node that runs.
func (s *servers) start(ctx context.Context, n *node.Node, env *rpccore.Environment, network string) error {
	s.startRPC(n, env, network)
	if err := s.startGRPC(); err != nil {
		return fmt.Errorf("grpc: %w", err)
	}
	if err := s.startREST(ctx); err != nil {
		return fmt.Errorf("rest: %w", err)
	}
	return nil
}

// stop what serves, last what others ask.
func (s *servers) stop() (err error) {
	for _, c := range slices.Backward(s.close) {
		err = errors.Join(err, c())
	}
	return errors.Join(err, s.listeners.close())
}

// fail with the first error.
func (s *servers) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// startRPC on CometBFT's addresses.
func (s *servers) startRPC(n *node.Node, env *rpccore.Environment, network string) {
	r := &rpc{app: s.app, env: env, network: network, blocks: map[int64]*cmttypes.Block{}}
	s.app.SetHistory(r)
	routes := r.routes()
	settings := s.cfg.Comet.RPC
	cfg := rpcConfig(settings)
	logger := servercmtlog.CometLoggerWrapper{Logger: s.cfg.Logger}
	websocket := rpcserver.NewWebsocketManager(routes, rpcserver.OnDisconnect(func(remote string) { _ = n.EventBus().UnsubscribeAll(context.Background(), remote) }), rpcserver.ReadLimit(cfg.MaxBodyBytes))
	websocket.SetLogger(logger)
	mux := http.NewServeMux()
	mux.HandleFunc("/websocket", websocket.WebsocketHandler)
	rpcserver.RegisterRPCFuncs(mux, routes, logger)
	var handler http.Handler = mux
	if settings.IsCorsEnabled() {
		handler = cors.New(cors.Options{AllowedOrigins: settings.CORSAllowedOrigins, AllowedMethods: settings.CORSAllowedMethods, AllowedHeaders: settings.CORSAllowedHeaders}).Handler(mux)
	}
	for _, listener := range s.listeners.rpc {
		s.serve("rpc", listener, handler, cfg, s.certificates)
	}
}

// startGRPC serves queries, and the stream that takes transactions in batches.
func (s *servers) startGRPC() (err error) {
	s.grpc = grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(s.app.Registry).GRPCCodec()), grpc.MaxRecvMsgSize(maxMessage))
	s.app.RegisterGRPCServer(s.grpc)
	latticetypes.RegisterIngestServer(s.grpc, ingest{s.app})
	s.close = append(s.close, func() error { s.grpc.Stop(); return nil })
	listener := s.listeners.grpc
	go func() {
		if err := s.grpc.Serve(listener); err != nil {
			s.fail(fmt.Errorf("grpc: %w", err))
		}
	}()
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(codec.NewProtoCodec(s.app.Registry).GRPCCodec())))
	if err == nil {
		s.close = append(s.close, s.conn.Close)
	}
	return err
}

// startREST serves the same queries as JSON, and what browsers ask by gRPC-web.
func (s *servers) startREST(ctx context.Context) error {
	if s.rest == nil {
		return nil
	}
	clientCtx := client.Context{}.WithCodec(s.app.Codec).WithInterfaceRegistry(s.app.Registry).WithTxConfig(s.app.TxConfig).WithGRPCClient(s.conn)
	rest := api.New(clientCtx, s.cfg.Logger, s.grpc)
	for _, register := range []func(client.Context) error{
		func(c client.Context) error {
			return latticetypes.RegisterQueryHandlerClient(ctx, rest.GRPCGatewayRouter, latticetypes.NewQueryClient(c))
		},
		func(c client.Context) error {
			return lighttypes.RegisterQueryHandlerClient(ctx, rest.GRPCGatewayRouter, lighttypes.NewQueryClient(c))
		},
		func(c client.Context) error {
			return authtypes.RegisterQueryHandlerClient(ctx, rest.GRPCGatewayRouter, authtypes.NewQueryClient(c))
		},
		func(c client.Context) error {
			return banktypes.RegisterQueryHandlerClient(ctx, rest.GRPCGatewayRouter, banktypes.NewQueryClient(c))
		},
		func(c client.Context) error {
			return txtypes.RegisterServiceHandlerClient(ctx, rest.GRPCGatewayRouter, txtypes.NewServiceClient(c))
		},
	} {
		if err := register(clientCtx); err != nil {
			return err
		}
	}
	const documents = "/openapi/"
	rest.Router.PathPrefix(documents).Handler(http.StripPrefix(documents, openapi.Handler("topchaind shard", []string{latticetypes.ModuleName, lighttypes.ModuleName})))
	rest.Router.PathPrefix("/").Handler(s.gateway(rest.GRPCGatewayRouter))
	var handler http.Handler = rest.Router
	if s.cfg.App.API.EnableUnsafeCORS {
		handler = handlers.CORS(handlers.AllowedHeaders([]string{"Content-Type"}))(rest.Router)
	}
	s.serve("rest", s.rest, handler, s.cfg.restConfig(), nil)
	return nil
}

// gateway answers REST, and gRPC-web where that is on, as the SDK's own server does. That one listens itself, and says only in its log that it could not.
func (s *servers) gateway(rest http.Handler) http.Handler {
	if !s.cfg.App.GRPC.Enable || !s.cfg.App.GRPCWeb.Enable {
		return rest
	}
	var options []grpcweb.Option
	if s.cfg.App.API.EnableUnsafeCORS {
		options = append(options, grpcweb.WithOriginFunc(func(string) bool { return true }))
	}
	web := grpcweb.WrapServer(s.grpc, options...)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if web.IsGrpcWebRequest(req) {
			web.ServeHTTP(w, req)
			return
		}
		rest.ServeHTTP(w, req)
	})
}
