package servicechain

import (
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govclient "github.com/cosmos/cosmos-sdk/x/gov/client"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/x/operators"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	"github.com/topnetwork/top/x/usage"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// buildModules lists the modules and the order in which they run. The order is consensus: a change of it is an upgrade.
func (a *App) buildModules(light ibctm.LightClientModule) {
	a.Modules = module.NewManager(
		auth.NewAppModule(a.Codec, a.Account, nil, nil),
		bank.NewAppModule(a.Codec, a.Bank, a.Account, nil),
		gov.NewAppModule(a.Codec, a.Gov, a.Account, a.Bank, nil),
		upgrade.NewAppModule(a.Upgrade, a.Account.AddressCodec()),
		consensus.NewAppModule(a.Codec, a.Consensus),
		authzmodule.NewAppModule(a.Codec, a.Authz, a.Account, a.Bank, a.Registry),
		feegrantmodule.NewAppModule(a.Codec, a.Account, a.Bank, a.Feegrant, a.Registry),
		base.NewIBCModule(a.IBC),
		ibctm.NewAppModule(light),
		operators.NewAppModule(a.Operators),
		usage.NewAppModule(a.Usage),
	)
	a.Basics = module.NewBasicManagerFromManager(a.Modules, map[string]module.AppModuleBasic{
		govtypes.ModuleName: gov.NewAppModuleBasic([]govclient.ProposalHandler{}),
	})
	a.SetGenesisDefaults(a.adjustGenesis)
	a.SetGenesisCheck(a.checkGenesis)

	a.Modules.SetOrderPreBlockers(upgradetypes.ModuleName, authtypes.ModuleName)
	a.Modules.SetOrderBeginBlockers(ibcexported.ModuleName, authz.ModuleName, feegrant.ModuleName, operatorstypes.ModuleName, usagetypes.ModuleName)
	a.Modules.SetOrderEndBlockers(govtypes.ModuleName, ibcexported.ModuleName, feegrant.ModuleName, operatorstypes.ModuleName, usagetypes.ModuleName, banktypes.ModuleName)
	order := []string{
		authtypes.ModuleName, banktypes.ModuleName, govtypes.ModuleName, ibcexported.ModuleName, ibctm.ModuleName, authz.ModuleName, feegrant.ModuleName,
		upgradetypes.ModuleName, consensustypes.ModuleName, operatorstypes.ModuleName, usagetypes.ModuleName,
	}
	a.Modules.SetOrderInitGenesis(order...)
	a.Modules.SetOrderExportGenesis(order...)
}
