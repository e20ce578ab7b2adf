// Package base is what the main chain, shards' slow side and service chains have in common: codec, the SDK modules every chain runs, IBC, ante handler,
// genesis, export. A chain's own package adds its modules and seals the app.
package base

import (
	"encoding/json"
	"fmt"
	"sort"
	"sync"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cast"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/std"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
	"github.com/cosmos/cosmos-sdk/version"
	authcodec "github.com/cosmos/cosmos-sdk/x/auth/codec"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
)

// Spec is what distinguishes one chain's app from another before its modules are built.
type Spec struct {
	// Name is the daemon's name, e.g. "topchaind".
	Name string
	// StoreKeys of the chain's own modules, beside those every chain has.
	StoreKeys []string
	// ModuleAccounts and their permissions, beside those every chain has.
	ModuleAccounts map[string][]string
	// Disabled are the type URLs of messages that this chain does not offer, beside those that no chain does.
	Disabled []string
}

// Options are the arguments of an app constructor.
type Options struct {
	Logger log.Logger
	DB     dbm.DB
	// App are the node's settings (app.toml and flags).
	App servertypes.AppOptions
	// BaseApp options, e.g. pruning.
	BaseApp []func(*baseapp.BaseApp)
	// Halt stops the node when this binary cannot execute the next block. Without it the app only fails that block.
	Halt func(reason error)
}

// App is a chain under construction and, once sealed, running.
type App struct {
	*baseapp.BaseApp

	Codec     codec.Codec
	Amino     *codec.LegacyAmino
	TxConfig  client.TxConfig
	Registry  codectypes.InterfaceRegistry
	Authority string

	Account   authkeeper.AccountKeeper
	Bank      bankkeeper.BaseKeeper
	Consensus consensuskeeper.Keeper
	Upgrade   *upgradekeeper.Keeper
	Authz     authzkeeper.Keeper
	Feegrant  feegrantkeeper.Keeper
	IBC       *ibckeeper.Keeper
	Gov       *govkeeper.Keeper

	Modules *module.Manager
	Basics  module.BasicManager

	keys           map[string]*storetypes.KVStoreKey
	moduleAccounts map[string][]string
	appOptions     servertypes.AppOptions
	genesis        func(map[string]json.RawMessage) map[string]json.RawMessage
	checkGenesis   func(map[string]json.RawMessage) error
	checkBegun     func(sdk.Context) error
	upgrades       []Upgrade
	decorators     []sdk.AnteDecorator
	feeDecorators  []sdk.AnteDecorator
	disabled       []string
	restrict       func(sdk.Context, sdk.Msg) error
	rules          []Rule
	halt           func(reason error)
	close          func() error
}

// New builds codec, BaseApp and the keepers that every chain has. The caller adds its own keepers and calls Seal.
func New(spec Spec, opts Options) *App {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          address.Bech32Codec{Bech32Prefix: Bech32Prefix},
			ValidatorAddressCodec: address.Bech32Codec{Bech32Prefix: Bech32Prefix + "valoper"},
		},
	})
	if err != nil {
		panic(err)
	}
	cdc := codec.NewProtoCodec(registry)
	amino := codec.NewLegacyAmino()
	txConfig := authtx.NewTxConfig(cdc, authtx.DefaultSignModes)
	std.RegisterLegacyAminoCodec(amino)
	std.RegisterInterfaces(registry)

	bApp := baseapp.NewBaseApp(spec.Name, opts.Logger, opts.DB, txConfig.TxDecoder(), opts.BaseApp...)
	bApp.SetVersion(version.Version)
	bApp.SetInterfaceRegistry(registry)
	bApp.SetTxEncoder(txConfig.TxEncoder())

	names := append([]string{
		authtypes.StoreKey, banktypes.StoreKey, govtypes.StoreKey, consensustypes.StoreKey, upgradetypes.StoreKey,
		authzkeeper.StoreKey, feegrant.StoreKey, ibcexported.StoreKey,
	}, spec.StoreKeys...)
	keys := storetypes.NewKVStoreKeys(names...)
	if err := bApp.RegisterStreamingServices(opts.App, keys); err != nil {
		panic(err)
	}

	accounts := map[string][]string{
		authtypes.FeeCollectorName: nil,
		govtypes.ModuleName:        {authtypes.Burner},
	}
	for _, name := range sortedKeys(spec.ModuleAccounts) {
		accounts[name] = spec.ModuleAccounts[name]
	}

	app := &App{
		BaseApp: bApp, Codec: cdc, Amino: amino, TxConfig: txConfig, Registry: registry,
		Authority:      authtypes.NewModuleAddress(govtypes.ModuleName).String(),
		keys:           keys,
		moduleAccounts: accounts,
		appOptions:     opts.App,
		disabled:       spec.Disabled,
		halt:           opts.Halt,
		close:          sync.OnceValue(bApp.Close),
	}
	app.buildKeepers(opts)
	app.AddRule(app.consensusRule)
	return app
}

// buildKeepers makes the keepers of the modules that every chain has, but gov: its tally differs from chain to chain.
func (a *App) buildKeepers(opts Options) {
	a.Consensus = consensuskeeper.NewKeeper(a.Codec, a.Store(consensustypes.StoreKey), a.Authority, runtime.EventService{})
	a.SetParamStore(a.Consensus.ParamsStore)
	a.Account = authkeeper.NewAccountKeeper(a.Codec, a.Store(authtypes.StoreKey), authtypes.ProtoBaseAccount, a.moduleAccounts,
		authcodec.NewBech32Codec(Bech32Prefix), Bech32Prefix, a.Authority)
	a.Bank = bankkeeper.NewBaseKeeper(a.Codec, a.Store(banktypes.StoreKey), a.Account, a.BlockedAddresses(), a.Authority, opts.Logger)
	a.Authz = authzkeeper.NewKeeper(a.Store(authzkeeper.StoreKey), a.Codec, a.MsgServiceRouter(), a.Account)
	a.Feegrant = feegrantkeeper.NewKeeper(a.Codec, a.Store(feegrant.StoreKey), a.Account)

	skip := map[int64]bool{}
	for _, h := range cast.ToIntSlice(opts.App.Get(server.FlagUnsafeSkipUpgrades)) {
		skip[int64(h)] = true
	}
	a.Upgrade = upgradekeeper.NewKeeper(skip, a.Store(upgradetypes.StoreKey), a.Codec, cast.ToString(opts.App.Get(flags.FlagHome)), a.BaseApp, a.Authority)
	a.IBC = ibckeeper.NewKeeper(a.Codec, a.Store(ibcexported.StoreKey), a.Upgrade, a.Authority)
}

// NewGov builds x/gov with the chain's own tally.
func (a *App) NewGov(pool govtypes.DistributionKeeper, tally govkeeper.CalculateVoteResultsAndVotingPowerFn) {
	a.Gov = govkeeper.NewKeeper(a.Codec, a.Store(govtypes.StoreKey), a.Account, a.Bank, pool, governed{a.MsgServiceRouter(), a.checkProposal}, govtypes.DefaultConfig(), a.Authority, tally)
	a.Gov.SetHooks(govtypes.NewMultiGovHooks())
}

// Store is the KV store service of one module.
func (a *App) Store(name string) storeService {
	key, ok := a.keys[name]
	if !ok {
		panic(fmt.Sprintf("store key %q is not in the chain's spec", name))
	}
	return runtime.NewKVStoreService(key)
}

// BlockedAddresses are module accounts that refuse plain transfers; the gov account takes them, for it is funded that way.
func (a *App) BlockedAddresses() map[string]bool {
	blocked := map[string]bool{}
	for _, name := range sortedKeys(a.moduleAccounts) {
		if name != govtypes.ModuleName {
			blocked[authtypes.NewModuleAddress(name).String()] = true
		}
	}
	return blocked
}

// Seal registers services, mounts stores, sets the ABCI handlers and loads the latest state.
func (a *App) Seal(loadLatest bool) {
	a.Basics.RegisterLegacyAminoCodec(a.Amino)
	a.Basics.RegisterInterfaces(a.Registry)
	cfg := module.NewConfigurator(a.Codec, a.MsgServiceRouter(), a.Queries())
	if err := a.Modules.RegisterServices(cfg); err != nil {
		panic(err)
	}
	if err := a.registerUpgrades(cfg); err != nil {
		panic(err)
	}
	a.registerReflection()
	a.MountKVStores(a.keys)
	a.SetInitChainer(a.initChainer)
	a.SetPreBlocker(func(ctx sdk.Context, _ *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
		return a.preBlock(ctx)
	})
	a.SetBeginBlocker(func(ctx sdk.Context) (sdk.BeginBlock, error) { return a.Modules.BeginBlock(ctx) })
	a.SetEndBlocker(func(ctx sdk.Context) (sdk.EndBlock, error) { return a.Modules.EndBlock(ctx) })
	a.SetAnteHandler(a.anteHandler())

	files, err := proto.MergedRegistry()
	if err != nil {
		panic(err)
	}
	if err := msgservice.ValidateProtoAnnotations(files); err != nil {
		panic(err)
	}
	if loadLatest {
		if err := a.LoadLatestVersion(); err != nil {
			panic(&BinaryError{fmt.Sprintf("load the latest state: %s. If this release adds or removes a store, it begins at its upgrade: start the earlier release until the node halts for it", err)})
		}
		if err := a.checkBinary(); err != nil {
			panic(err)
		}
	}
}

// Close the databases, once: the SDK closes an app when its node ends and again when its command does, which databases take for a fault.
func (a *App) Close() error { return a.close() }

// DefaultGenesis of all modules, with the chain's own adjustments.
func (a *App) DefaultGenesis() map[string]json.RawMessage {
	state := a.Basics.DefaultGenesis(a.Codec)
	if a.genesis != nil {
		state = a.genesis(state)
	}
	return state
}

// SetGenesisDefaults lets a chain adjust its modules' default genesis.
func (a *App) SetGenesisDefaults(adjust func(map[string]json.RawMessage) map[string]json.RawMessage) {
	a.genesis = adjust
}

// sortedKeys keeps every walk over a map in one order on every node.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { //determinism: sorted below
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Base is the part that every chain shares.
func (a *App) Base() *App { return a }
