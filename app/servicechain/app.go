// Package servicechain wires a service chain: an app-chain that books one service (its type is in genesis) and is joined to the main chain by IBC v2.
package servicechain

import (
	cmttypes "github.com/cometbft/cometbft/types"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/blockspace"
	operatorskeeper "github.com/topnetwork/top/x/operators/keeper"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	"github.com/topnetwork/top/x/usage"
	usagekeeper "github.com/topnetwork/top/x/usage/keeper"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Name of the daemon.
const Name = "topserviced"

// App is a service chain.
type App struct {
	*base.App

	Operators *operatorskeeper.Keeper
	Usage     *usagekeeper.Keeper
}

// New builds a service chain on a database; with loadLatest it is ready to serve.
func New(opts base.Options, loadLatest bool) *App {
	b := base.New(base.Spec{Name: Name, StoreKeys: []string{operatorstypes.StoreKey, usagetypes.StoreKey}, Disabled: disabled()}, opts)
	app := &App{App: b}
	app.Operators = operatorskeeper.NewKeeper(b.Codec, b.Store(operatorstypes.StoreKey), b.Authority)
	app.NewGov(burnPool{bank: b.Bank}, app.Operators.CalculateVoteResultsAndVotingPower)
	app.Usage = usagekeeper.NewKeeper(b.Codec, b.Store(usagetypes.StoreKey), b.Account, b.Clients(), b.IBC.ChannelKeeperV2, b.Authority)
	light := b.RouteIBC(usagetypes.PortID, usage.NewIBCModule(app.Usage))
	app.buildModules(light)
	b.RestrictMessages(app.restrict)
	blockspace.Install(b, app.Usage, opts)
	app.addUpgrades()
	b.Seal(loadLatest)
	return app
}

// Export writes the state for a restart from genesis. See base.App.Export.
func (a *App) Export(modules []string) (servertypes.ExportedApp, error) {
	return a.App.Export(func(ctx sdk.Context) ([]cmttypes.GenesisValidator, error) { return a.Operators.GenesisValidators(ctx) }, modules)
}
