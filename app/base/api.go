package base

import (
	corestore "cosmossdk.io/core/store"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
)

type storeService = corestore.KVStoreService

var _ servertypes.Application = (*App)(nil)

// registerReflection lets command-line tools and gRPC reflection discover the chain's services.
func (a *App) registerReflection() {
	autocliv1.RegisterQueryServer(a.GRPCQueryRouter(), runtimeservices.NewAutoCLIQueryService(a.Modules.Modules))
	reflection, err := runtimeservices.NewReflectionService()
	if err != nil {
		panic(err)
	}
	reflectionv1.RegisterReflectionServiceServer(a.GRPCQueryRouter(), reflection)
}

// RegisterAPIRoutes mounts the REST gateway of every module.
func (a *App) RegisterAPIRoutes(srv *api.Server, cfg config.APIConfig) {
	ctx := srv.ClientCtx
	authtx.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	node.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	a.Basics.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	if err := server.RegisterSwaggerAPI(ctx, srv.Router, cfg.Swagger); err != nil {
		panic(err)
	}
}

// RegisterTxService serves simulation and transaction look-ups.
func (a *App) RegisterTxService(ctx client.Context) {
	authtx.RegisterTxService(a.GRPCQueryRouter(), ctx, a.Simulate, a.Registry)
}

// RegisterTendermintService serves blocks and validator sets.
func (a *App) RegisterTendermintService(ctx client.Context) {
	cmtservice.RegisterTendermintService(ctx, a.GRPCQueryRouter(), a.Registry, server.NewCometABCIWrapper(a).Query)
}

// RegisterNodeService serves the node's own settings and status.
func (a *App) RegisterNodeService(ctx client.Context, cfg config.Config) {
	node.RegisterNodeService(ctx, a.GRPCQueryRouter(), cfg, func() int64 { return a.CommitMultiStore().EarliestVersion() })
}
