// Package mainchain wires the settlement and governance chain (top-main-1). It holds no rules: those live in x/ and protocol/.
package mainchain

import (
	"github.com/cosmos/cosmos-sdk/runtime"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authcodec "github.com/cosmos/cosmos-sdk/x/auth/codec"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/x/billing"
	billingkeeper "github.com/topnetwork/top/x/billing/keeper"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	committeeskeeper "github.com/topnetwork/top/x/committees/keeper"
	committeestypes "github.com/topnetwork/top/x/committees/types"
	gatekeeper "github.com/topnetwork/top/x/gate/keeper"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	issuancekeeper "github.com/topnetwork/top/x/issuance/keeper"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
	serviceskeeper "github.com/topnetwork/top/x/services/keeper"
	servicestypes "github.com/topnetwork/top/x/services/types"
	shardskeeper "github.com/topnetwork/top/x/shards/keeper"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	"github.com/topnetwork/top/x/sortition"
	sortitionkeeper "github.com/topnetwork/top/x/sortition/keeper"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	stakekeeper "github.com/topnetwork/top/x/stake/keeper"
	staketypes "github.com/topnetwork/top/x/stake/types"
	zoneskeeper "github.com/topnetwork/top/x/zones/keeper"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	// Name of the daemon.
	Name = "topchaind"
	// ChainID of the public main chain.
	ChainID = "top-main-1"

	// maxCandidates who may be bonded at a time.
	maxCandidates = 1_000
)

// App is the main chain.
type App struct {
	*base.App

	Staking  *stakingkeeper.Keeper
	Slashing slashingkeeper.Keeper
	Distr    distrkeeper.Keeper
	Evidence *evidencekeeper.Keeper
	Services *serviceskeeper.Keeper
	Billing  *billingkeeper.Keeper
	Stake    *stakekeeper.Keeper
	// Sortition makes the seeds.
	Sortition *sortitionkeeper.Keeper
	// Committees say who validates.
	Committees *committeeskeeper.Keeper
	// Issuance pays them.
	Issuance *issuancekeeper.Keeper
	// Zones say which shard has which accounts.
	Zones *zoneskeeper.Keeper
	// Shards say who runs and audits them.
	Shards *shardskeeper.Keeper
	// Gate is the way of coins from shards to this chain and back.
	Gate *gatekeeper.Keeper
}

// New builds the main chain on a database; with loadLatest it is ready to serve.
func New(opts base.Options, loadLatest bool) *App {
	b := base.New(base.Spec{
		Name: Name,
		StoreKeys: []string{
			stakingtypes.StoreKey, distrtypes.StoreKey, slashingtypes.StoreKey, evidencetypes.StoreKey,
			servicestypes.StoreKey, billingtypes.StoreKey, staketypes.StoreKey, sortitiontypes.StoreKey, committeestypes.StoreKey,
			issuancetypes.StoreKey, zonestypes.StoreKey, shardstypes.StoreKey, gatetypes.StoreKey,
		},
		ModuleAccounts: map[string][]string{
			distrtypes.ModuleName:          nil,
			issuancetypes.ModuleName:       {authtypes.Minter},
			stakingtypes.BondedPoolName:    {authtypes.Burner, authtypes.Staking},
			stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
			servicestypes.ModuleName:       nil,
			billingtypes.ModuleName:        nil,
			gatetypes.ModuleName:           nil,
			shardstypes.ModuleName:         nil,
		},
	}, opts)
	app := &App{App: b}
	app.buildKeepers()
	light := b.RouteIBC(billingtypes.PortID, billing.NewIBCModule(app.Billing))
	b.AddFeeDecorators(sortition.FeeDecorator{})
	b.AddDecorators(sortition.NewMempoolDecorator(app.Sortition))
	b.AddRule(app.securityRule)
	b.RestrictMessages(app.checkPayment)
	b.AddRule(app.paymentRule)
	app.buildModules(light)
	app.addUpgrades()
	b.Seal(loadLatest)
	return app
}

func (a *App) buildKeepers() {
	valCodec := authcodec.NewBech32Codec(sdk.GetConfig().GetBech32ValidatorAddrPrefix())
	consCodec := authcodec.NewBech32Codec(sdk.GetConfig().GetBech32ConsensusAddrPrefix())

	a.Staking = stakingkeeper.NewKeeper(a.Codec, a.Store(stakingtypes.StoreKey), a.Account, fineBank{a.Bank}, a.Authority, valCodec, consCodec)
	a.Distr = distrkeeper.NewKeeper(a.Codec, a.Store(distrtypes.StoreKey), a.Account, a.Bank, a.Staking, authtypes.FeeCollectorName, a.Authority)
	adapted := committeeskeeper.NewStaking(a.Staking)
	a.Slashing = slashingkeeper.NewKeeper(a.Codec, a.Amino, a.Store(slashingtypes.StoreKey), adapted, a.Authority)
	a.Evidence = evidencekeeper.NewKeeper(a.Codec, a.Store(evidencetypes.StoreKey), adapted, a.Slashing, a.Account.AddressCodec(), runtime.ProvideCometInfoService())
	a.NewGov(a.Distr, govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(a.Staking))

	a.Services = serviceskeeper.NewKeeper(a.Codec, a.Store(servicestypes.StoreKey), a.Bank, a.Clients(), authtypes.FeeCollectorName, a.Authority)
	a.Billing = billingkeeper.NewKeeper(a.Codec, a.Store(billingtypes.StoreKey), a.Bank, a.Services, a.IBC.ChannelKeeperV2, authtypes.FeeCollectorName, a.Authority)
	a.Services.SetBilling(a.Billing)
	a.Stake = stakekeeper.NewKeeper(a.Codec, a.Store(staketypes.StoreKey), a.Staking, a.Slashing, a.Account, a.Billing, a.Authority)
	a.Sortition = sortitionkeeper.NewKeeper(a.Codec, a.Store(sortitiontypes.StoreKey), a.Stake, a.Billing, a.Authority)
	a.Committees = committeeskeeper.NewKeeper(a.Codec, a.Store(committeestypes.StoreKey), a.Staking, a.Slashing, a.Sortition, a.Stake, a.Billing, a.Authority)
	adapted.SetKeepers(a.Committees, a.Stake)
	a.Issuance = issuancekeeper.NewKeeper(a.Codec, a.Store(issuancetypes.StoreKey), a.Bank, a.Staking, a.Distr, a.Billing, distrtypes.ModuleName, a.Authority)
	a.Sortition.SetCommittees(a.Committees)
	a.Zones = zoneskeeper.NewKeeper(a.Codec, a.Store(zonestypes.StoreKey))
	a.Shards = shardskeeper.NewKeeper(a.Codec, a.Store(shardstypes.StoreKey), shardskeeper.Keepers{
		Zones: a.Zones, Sortition: a.Sortition, Committees: a.Committees, Staking: a.Staking, Slashing: a.Slashing, Reputation: a.Stake, Epochs: a.Billing,
		Bank: a.Bank, Gate: gatetypes.ModuleName,
	}, a.Authority)
	a.Gate = gatekeeper.NewKeeper(a.Codec, a.Store(gatetypes.StoreKey), gatekeeper.Keepers{
		Bank: a.Bank, Community: a.Distr, Staking: stakingkeeper.NewMsgServerImpl(a.Staking), Nodes: a.Stake, Billing: a.Billing, Zones: a.Zones, Shards: a.Shards,
	}, a.Authority)
	// x/stake comes first: it must see stakes before anything reacts to their change.
	a.Staking.SetHooks(stakingtypes.NewMultiStakingHooks(a.Stake.Hooks(), a.Committees.Hooks(), a.Distr.Hooks(), a.Slashing.Hooks()))
}

// Export writes the state for a restart from genesis. See base.App.Export.
func (a *App) Export(modules []string) (servertypes.ExportedApp, error) {
	return a.App.Export(a.genesisValidators, modules)
}
