package shard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cometbft/cometbft/node"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	cmttypes "github.com/cometbft/cometbft/types"
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
)

// maxMessage of gRPC in bytes: a batch of a thousand transactions at their largest.
const maxMessage = maxBatch * 4200

// checkGrace that an answer has beyond the time that a client waits for a block.
const checkGrace = time.Second

// servers of a shard's process.
type servers struct {
	app *shardchain.App
	cfg Config

	grpc *grpc.Server
	conn *grpc.ClientConn
	// close what listens, in the order of starting.
	close []func() error
}

func (s *servers) stop() (err error) {
	for _, c := range s.close {
		// A server that ends closes what it listens on itself.
		if e := c(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// startRPC on CometBFT's address.
func (s *servers) startRPC(n *node.Node, address, network string) error {
	env, err := n.ConfigureRPC()
	if err != nil {
		return err
	}
	r := &rpc{app: s.app, env: env, network: network, blocks: map[int64]*cmttypes.Block{}}
	s.app.SetHistory(r)
	routes := r.routes()
	settings := s.cfg.Comet.RPC
	cfg := rpcserver.DefaultConfig()
	cfg.MaxRequestBatchSize, cfg.MaxBodyBytes, cfg.MaxHeaderBytes, cfg.MaxOpenConnections = settings.MaxRequestBatchSize, settings.MaxBodyBytes, settings.MaxHeaderBytes, settings.MaxOpenConnections
	cfg.WriteTimeout = max(cfg.WriteTimeout, settings.TimeoutBroadcastTxCommit+checkGrace)
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
	listener, err := rpcserver.Listen(address, cfg.MaxOpenConnections)
	if err != nil {
		return err
	}
	s.close = append(s.close, listener.Close)
	go func() { _ = rpcserver.Serve(listener, handler, logger, cfg) }()
	return nil
}

// startGRPC serves queries, and the stream that takes transactions in batches.
func (s *servers) startGRPC() error {
	s.grpc = grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(s.app.Registry).GRPCCodec()), grpc.MaxRecvMsgSize(maxMessage))
	s.app.RegisterGRPCServer(s.grpc)
	latticetypes.RegisterIngestServer(s.grpc, ingest{s.app})
	listener, err := net.Listen("tcp", s.cfg.App.GRPC.Address)
	if err != nil {
		return err
	}
	s.close = append(s.close, func() error { s.grpc.Stop(); return nil })
	go func() { _ = s.grpc.Serve(listener) }()
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(codec.NewProtoCodec(s.app.Registry).GRPCCodec())))
	if err == nil {
		s.close = append(s.close, s.conn.Close)
	}
	return err
}

// startREST serves the same queries as JSON.
func (s *servers) startREST(ctx context.Context) error {
	if !s.cfg.App.API.Enable {
		return nil
	}
	clientCtx := client.Context{}.WithCodec(s.app.Codec).WithInterfaceRegistry(s.app.Registry).WithTxConfig(s.app.TxConfig).WithGRPCClient(s.conn)
	rest := api.New(clientCtx, s.cfg.Logger, s.grpc)
	for _, register := range []func(client.Context) error{
		func(c client.Context) error {
			return latticetypes.RegisterQueryHandlerClient(ctx, rest.GRPCGatewayRouter, latticetypes.NewQueryClient(c))
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
	rest.Router.PathPrefix(documents).Handler(http.StripPrefix(documents, openapi.Handler("topchaind shard", []string{latticetypes.ModuleName})))
	host := strings.TrimPrefix(s.cfg.App.API.Address, "tcp://")
	probe, err := net.Listen("tcp", host)
	if err != nil {
		return err
	}
	if err := probe.Close(); err != nil {
		return err
	}
	go func() {
		if err := rest.Start(ctx, s.cfg.App.Config); err != nil {
			s.cfg.Logger.Error("REST has stopped", "err", err)
		}
	}()
	s.close = append(s.close, rest.Close)
	return nil
}
