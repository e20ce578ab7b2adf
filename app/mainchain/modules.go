package mainchain

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
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govclient "github.com/cosmos/cosmos-sdk/x/gov/client"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/x/billing"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/committees"
	committeestypes "github.com/topnetwork/top/x/committees/types"
	"github.com/topnetwork/top/x/gate"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	"github.com/topnetwork/top/x/issuance"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
	"github.com/topnetwork/top/x/services"
	servicestypes "github.com/topnetwork/top/x/services/types"
	"github.com/topnetwork/top/x/shards"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	"github.com/topnetwork/top/x/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/stake"
	staketypes "github.com/topnetwork/top/x/stake/types"
	"github.com/topnetwork/top/x/zones"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// buildModules lists the modules and the order in which they run. The order is consensus: a change of it is an upgrade.
func (a *App) buildModules(light ibctm.LightClientModule) {
	a.Modules = module.NewManager(
		genutilModule{genutil.NewAppModule(a.Account, a.Staking, a, a.TxConfig)},
		auth.NewAppModule(a.Codec, a.Account, nil, nil),
		bank.NewAppModule(a.Codec, a.Bank, a.Account, nil),
		gov.NewAppModule(a.Codec, a.Gov, a.Account, a.Bank, nil),
		slashing.NewAppModule(a.Codec, a.Slashing, a.Account, a.Bank, a.Staking, nil, a.Registry),
		distrModule{distr.NewAppModule(a.Codec, a.Distr, a.Account, a.Bank, a.Staking, nil), a.Distr, a.Staking, a.Bank},
		stakingModule{staking.NewAppModule(a.Codec, a.Staking, a.Account, a.Bank, nil)},
		evidence.NewAppModule(*a.Evidence),
		upgrade.NewAppModule(a.Upgrade, a.Account.AddressCodec()),
		consensus.NewAppModule(a.Codec, a.Consensus),
		authzmodule.NewAppModule(a.Codec, a.Authz, a.Account, a.Bank, a.Registry),
		feegrantmodule.NewAppModule(a.Codec, a.Account, a.Bank, a.Feegrant, a.Registry),
		base.NewIBCModule(a.IBC),
		ibctm.NewAppModule(light),
		services.NewAppModule(a.Services),
		billing.NewAppModule(a.Billing),
		stake.NewAppModule(a.Stake),
		sortition.NewAppModule(a.Sortition),
		committees.NewAppModule(a.Committees),
		issuance.NewAppModule(a.Issuance),
		zones.NewAppModule(a.Zones),
		shards.NewAppModule(a.Shards),
		gate.NewAppModule(a.Gate),
	)
	a.Basics = module.NewBasicManagerFromManager(a.Modules, map[string]module.AppModuleBasic{
		genutiltypes.ModuleName: genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
		govtypes.ModuleName:     gov.NewAppModuleBasic([]govclient.ProposalHandler{}),
	})
	a.SetGenesisDefaults(a.adjustGenesis)
	a.SetGenesisCheck(a.checkGenesis)
	a.SetBeginCheck(a.checkBegun)

	a.Modules.SetOrderPreBlockers(upgradetypes.ModuleName, authtypes.ModuleName)
	a.Modules.SetOrderBeginBlockers(
		issuancetypes.ModuleName, distrtypes.ModuleName, slashingtypes.ModuleName, evidencetypes.ModuleName, stakingtypes.ModuleName,
		ibcexported.ModuleName, genutiltypes.ModuleName, authz.ModuleName, feegrant.ModuleName, servicestypes.ModuleName, billingtypes.ModuleName,
		// x/stake after those that slash, x/sortition after the snapshot that it draws from.
		staketypes.ModuleName, sortitiontypes.ModuleName, committeestypes.ModuleName,
		// x/shards elects by the seed that the epoch before has made.
		shardstypes.ModuleName,
	)
	a.Modules.SetOrderEndBlockers(
		// What arrives from shards is done as if it were the block's last transactions.
		gatetypes.ModuleName,
		govtypes.ModuleName, stakingtypes.ModuleName, ibcexported.ModuleName, genutiltypes.ModuleName, feegrant.ModuleName,
		servicestypes.ModuleName, billingtypes.ModuleName, sortitiontypes.ModuleName, banktypes.ModuleName,
		// After x/staking, which unbonds who was jailed, and x/sortition.
		committeestypes.ModuleName,
	)
	// genutil comes after staking, whose pools its transactions fill, and after auth, whose parameters they are checked with.
	order := []string{
		authtypes.ModuleName, banktypes.ModuleName, distrtypes.ModuleName, stakingtypes.ModuleName, slashingtypes.ModuleName, govtypes.ModuleName,
		issuancetypes.ModuleName, ibcexported.ModuleName, ibctm.ModuleName, genutiltypes.ModuleName, evidencetypes.ModuleName, authz.ModuleName, feegrant.ModuleName,
		upgradetypes.ModuleName, consensustypes.ModuleName, servicestypes.ModuleName, billingtypes.ModuleName,
		// x/committees makes its first committee of what x/staking and x/genutil have bonded, in x/sortition's sizes.
		staketypes.ModuleName, sortitiontypes.ModuleName, committeestypes.ModuleName,
		// x/shards draws its first committees beside them, for x/zones' routes.
		zonestypes.ModuleName, shardstypes.ModuleName,
		// x/gate's account has its coins by x/bank, and the shards are known.
		gatetypes.ModuleName,
	}
	a.Modules.SetOrderInitGenesis(order...)
	a.Modules.SetOrderExportGenesis(order...)
}
