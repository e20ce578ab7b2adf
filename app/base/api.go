package base

import (
	"net/http"
	"time"

	"github.com/spf13/cast"

	corestore "cosmossdk.io/core/store"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/topnetwork/top/app/openapi"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/health"
)

// Routes on the REST server, beside those of the modules.
const (
	openAPIPath = "/openapi/"
	healthPath  = "/health"
)

type storeService = corestore.KVStoreService

var _ servertypes.Application = (*App)(nil)

// registerReflection lets command-line tools and gRPC reflection discover the chain's services.
func (a *App) registerReflection() {
	autocliv1.RegisterQueryServer(a.Queries(), runtimeservices.NewAutoCLIQueryService(a.Modules.Modules))
	reflection, err := runtimeservices.NewReflectionService()
	if err != nil {
		panic(err)
	}
	reflectionv1.RegisterReflectionServiceServer(a.Queries(), reflection)
}

// RegisterAPIRoutes mounts the REST gateway of every module.
func (a *App) RegisterAPIRoutes(srv *api.Server, cfg serverconfig.APIConfig) {
	ctx := srv.ClientCtx
	authtx.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	node.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	a.Basics.RegisterGRPCGatewayRoutes(ctx, srv.GRPCGatewayRouter)
	if err := server.RegisterSwaggerAPI(ctx, srv.Router, cfg.Swagger); err != nil {
		panic(err)
	}
	srv.Router.PathPrefix(openAPIPath).Handler(http.StripPrefix(openAPIPath, openapi.Handler(a.Name(), a.documented())))
	srv.Router.Handle(healthPath, a.health(ctx)).Methods(http.MethodGet, http.MethodHead)
}

// documented are the chain's modules that have an OpenAPI document.
func (a *App) documented() []string {
	var names []string
	for _, name := range openapi.Documented() {
		if _, ok := a.Modules.Modules[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// health answers for the node behind the REST server, with the limit of app.toml or its default.
func (a *App) health(ctx client.Context) http.Handler {
	limit := cast.ToDuration(a.appOptions.Get("health.max-block-age"))
	if limit <= 0 {
		limit = config.DefaultApp().Health.MaxBlockAge
	}
	node, _ := ctx.Client.(health.Node)
	return health.Handler(node, limit, time.Now) //nolint:forbidigo // a REST route, not the state machine
}

// RegisterTxService serves simulation and transaction look-ups.
func (a *App) RegisterTxService(ctx client.Context) {
	authtx.RegisterTxService(a.Queries(), ctx, a.Simulate, a.Registry)
}

// RegisterTendermintService serves blocks and validator sets.
func (a *App) RegisterTendermintService(ctx client.Context) {
	cmtservice.RegisterTendermintService(ctx, a.Queries(), a.Registry, server.NewCometABCIWrapper(a).Query)
}

// RegisterNodeService serves the node's own settings and status.
func (a *App) RegisterNodeService(ctx client.Context, cfg serverconfig.Config) {
	node.RegisterNodeService(ctx, a.Queries(), cfg, func() int64 { return a.CommitMultiStore().EarliestVersion() })
}
