// Package books runs the modules of a main chain and a service chain in memory: real keepers on real stores, with real accounts and coins, joined by pipes
// whose packets a test delivers, refuses, drops or repeats. There is no consensus and no light client below; process tests have those.
package books

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/bank"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/x/billing"
	billingkeeper "github.com/topnetwork/top/x/billing/keeper"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/services"
	serviceskeeper "github.com/topnetwork/top/x/services/keeper"
	servicestypes "github.com/topnetwork/top/x/services/types"
	"github.com/topnetwork/top/x/usage"
	usagekeeper "github.com/topnetwork/top/x/usage/keeper"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// What the chains are called, and the light clients by which they know each other.
const (
	MainID        = "top-main-1"
	ServiceID     = "top-msg-1"
	ServiceType   = "messaging"
	ServiceClient = "07-tendermint-7" // of the service chain, on the main chain
	MainClient    = "07-tendermint-3" // of the main chain, on the service chain
	EpochBlocks   = 10
	// Funds of every account, in utop.
	Funds = 1_000_000_000
)

// faucet is the module account that makes coins.
const faucet = "faucet"

// Network is a main chain and one service chain, founded and linked.
type Network struct {
	Main    *Main
	Service *Service
	Founder string
	// Seeds that the main chain makes.
	Seeds Seeds
}

// Main is the main chain's side.
type Main struct {
	Ctx      sdk.Context
	Accounts authkeeper.AccountKeeper
	Bank     bankkeeper.BaseKeeper
	Services *serviceskeeper.Keeper
	Billing  *billingkeeper.Keeper
	IBC      billing.IBCModule
	Clients  *Clients
	// Refused are addresses that the bank lets receive nothing.
	Refused map[string]bool
	// Panics makes the bank panic at every transfer.
	Panics bool
	// Out carries its packets to the service chain.
	Out *Pipe
}

// Service is the service chain's side.
type Service struct {
	Ctx      sdk.Context
	Accounts authkeeper.AccountKeeper
	Usage    *usagekeeper.Keeper
	IBC      usage.IBCModule
	Clients  *Clients
	// Store of x/usage, for tests that break what is in it.
	Store *storetypes.KVStoreKey
	// Out carries its packets to the main chain.
	Out *Pipe
}

func init() { sdk.GetConfig().SetBech32PrefixForAccount("top", "toppub") }

// Authority is whom governance acts as on both chains.
func Authority() string { return authtypes.NewModuleAddress("gov").String() }

// Key of a name, ed25519: the same in every run.
func Key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Public half of the name's key.
func Public(name string) []byte { return Key(name).Public().(ed25519.PublicKey) }

// Account of a name.
func Account(name string) sdk.AccAddress {
	h := sha256.Sum256([]byte("account of " + name))
	return h[:20]
}

// Address of a name's account, in bech32.
func Address(name string) string { return Account(name).String() }

// UsageParams are the service chain's: the defaults for its short epochs.
func UsageParams() usagetypes.Params { return usagetypes.ParamsFor(EpochBlocks) }

// New makes both chains with default parameters. The service chain is founded, linked on both sides and knows no provider yet.
func New(t testing.TB) *Network {
	t.Helper()
	n := &Network{Founder: Address("founder")}
	n.Main, n.Service = newMain(t), newService(t, n.Founder)
	n.Fund(t, "founder")
	main, service := n.Main, n.Service
	main.Clients.Known[ServiceClient], service.Clients.Known[MainClient] = ServiceID, MainID
	_, err := main.Services.RegisterServiceChain(main.Ctx, &servicestypes.MsgRegisterServiceChain{
		Operator: n.Founder, ChainId: ServiceID, Type: ServiceType, Deposit: servicestypes.DefaultParams().MinChainDeposit,
	})
	require.NoError(t, err)
	_, err = main.Services.LinkServiceChain(main.Ctx, &servicestypes.MsgLinkServiceChain{Operator: n.Founder, ChainId: ServiceID, ClientId: ServiceClient})
	require.NoError(t, err)
	_, err = service.Usage.LinkMainChain(service.Ctx, &usagetypes.MsgLinkMainChain{Operator: n.Founder, ClientId: MainClient})
	require.NoError(t, err)
	return n
}

// chain is what both sides are built on.
func chain(chainID string, stores ...string) (sdk.Context, map[string]*storetypes.KVStoreKey) {
	keys := storetypes.NewKVStoreKeys(stores...)
	ctx := sdktestutil.DefaultContextWithKeys(keys, nil, nil)
	return ctx.WithChainID(chainID).WithBlockHeight(1).WithBlockTime(time.Unix(1_800_000_000, 0).UTC()), keys
}

func newMain(t testing.TB) *Main {
	t.Helper()
	ctx, keys := chain(MainID, authtypes.StoreKey, banktypes.StoreKey, servicestypes.StoreKey, billingtypes.StoreKey, pipeStore)
	cdc := moduletestutil.MakeTestEncodingConfig(auth.AppModuleBasic{}, bank.AppModuleBasic{}, services.AppModule{}, billing.AppModule{}).Codec
	m := &Main{Ctx: ctx, Refused: map[string]bool{}, Clients: &Clients{Known: map[string]string{}}, Out: &Pipe{key: keys[pipeStore]}}
	m.Accounts = authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(keys[authtypes.StoreKey]), authtypes.ProtoBaseAccount, map[string][]string{
		faucet: {authtypes.Minter}, "fee_collector": nil, servicestypes.ModuleName: nil, billingtypes.ModuleName: nil,
	}, addresscodec.NewBech32Codec("top"), "top", Authority())
	// The service modules' own accounts and the fee collector take no coins of strangers.
	blocked := map[string]bool{}
	for _, name := range []string{"fee_collector", servicestypes.ModuleName, billingtypes.ModuleName} {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	m.Bank = bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(keys[banktypes.StoreKey]), m.Accounts, blocked, Authority(), log.NewNopLogger())
	m.Bank.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if m.Panics {
			panic("the bank is broken")
		}
		if m.Refused[to.String()] {
			return to, fmt.Errorf("%s takes no coins", to)
		}
		return to, nil
	})
	m.Services = serviceskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[servicestypes.StoreKey]), m.Bank, m.Clients, "fee_collector", Authority())
	m.Billing = billingkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[billingtypes.StoreKey]), m.Bank, m.Services, m.Out, "fee_collector", Authority())
	m.Services.SetBilling(m.Billing)
	m.IBC = billing.NewIBCModule(m.Billing)
	m.Out.source = m.IBC
	require.NoError(t, m.Accounts.Params.Set(ctx, authtypes.DefaultParams()))
	require.NoError(t, m.Bank.SetParams(ctx, banktypes.DefaultParams()))
	require.NoError(t, m.Services.InitGenesis(ctx, servicestypes.DefaultGenesisState()))
	genesis := billingtypes.DefaultGenesisState()
	genesis.EpochBlocks = EpochBlocks
	require.NoError(t, m.Billing.InitGenesis(ctx, genesis))
	return m
}

func newService(t testing.TB, founder string) *Service {
	t.Helper()
	ctx, keys := chain(ServiceID, authtypes.StoreKey, usagetypes.StoreKey, pipeStore)
	cdc := moduletestutil.MakeTestEncodingConfig(auth.AppModuleBasic{}, usage.AppModule{}).Codec
	s := &Service{Ctx: ctx, Clients: &Clients{Known: map[string]string{}, Stored: map[string][]byte{}}, Store: keys[usagetypes.StoreKey], Out: &Pipe{key: keys[pipeStore]}}
	s.Accounts = authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(keys[authtypes.StoreKey]), authtypes.ProtoBaseAccount, nil,
		addresscodec.NewBech32Codec("top"), "top", Authority())
	s.Usage = usagekeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[usagetypes.StoreKey]), s.Accounts, s.Clients, s.Out, Authority())
	s.IBC = usage.NewIBCModule(s.Usage)
	s.Out.source = s.IBC
	require.NoError(t, s.Accounts.Params.Set(ctx, authtypes.DefaultParams()))
	genesis := usagetypes.DefaultGenesisState()
	genesis.Params = UsageParams()
	genesis.Chain = usagetypes.Chain{ServiceType: ServiceType, MainChainId: MainID, EpochBlocks: EpochBlocks, Operator: founder}
	require.NoError(t, s.Usage.InitGenesis(ctx, genesis))
	return s
}

// Coins of an amount in utop.
func Coins(amount uint64) sdk.Coins { return billingtypes.Coins(amount) }

// Fund gives each name's account Funds.
func (n *Network) Fund(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		require.NoError(t, n.Main.Bank.MintCoins(n.Main.Ctx, faucet, Coins(Funds)))
		require.NoError(t, n.Main.Bank.SendCoinsFromModuleToAccount(n.Main.Ctx, faucet, Account(name), Coins(Funds)))
	}
}

// Balance of an address in utop.
func (m *Main) Balance(address string) uint64 {
	return m.Bank.GetBalance(m.Ctx, sdk.MustAccAddressFromBech32(address), billingtypes.Denom).Amount.Uint64()
}

// ModuleBalance of a module account in utop.
func (m *Main) ModuleBalance(name string) uint64 {
	return m.Balance(authtypes.NewModuleAddress(name).String())
}

// RegisterProvider registers and funds a provider; its packet is in the pipe.
func (n *Network) RegisterProvider(t testing.TB, name string) {
	t.Helper()
	n.Fund(t, name)
	_, err := n.Main.Services.RegisterProvider(n.Main.Ctx, Registration(name))
	require.NoError(t, err)
}

// Registration of a provider with prices of 10 utop per KiB and 100 per message.
func Registration(name string) *servicestypes.MsgRegisterProvider {
	address, key := Address(name), Key(name)
	return &servicestypes.MsgRegisterProvider{
		Address: address, ChainId: ServiceID, Key: Public(name),
		KeySignature: ed25519.Sign(key, voucher.ProviderKeySignBytes(MainID, ServiceID, address, Public(name))),
		Endpoints:    []string{"/ip4/127.0.0.1/tcp/4001"},
		Prices:       []voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
		Deposit:      servicestypes.DefaultParams().MinProviderDeposit,
	}
}

// Block ends the current block on both chains and begins the next; the service chain's light client is up to date, and the seed that it waits for is brought to it.
func (n *Network) Block(t testing.TB) {
	t.Helper()
	require.NoError(t, n.Main.Billing.EndBlock(n.Main.Ctx))
	n.Main.Ctx = next(n.Main.Ctx)
	n.seal()
	n.Service.Clients.Height = n.Main.Ctx.BlockHeight()
	n.Service.Ctx = next(n.Service.Ctx)
	require.NoError(t, n.Service.Usage.BeginBlock(n.Service.Ctx))
	if !n.Seeds.Held {
		n.RelaySeed(t)
	}
}

// Blocks makes count blocks.
func (n *Network) Blocks(t testing.TB, count int) {
	t.Helper()
	for range count {
		n.Block(t)
	}
}

// NextEpoch makes blocks until the epoch changes.
func (n *Network) NextEpoch(t testing.TB) {
	t.Helper()
	for before := n.Epoch(t); n.Epoch(t) == before; {
		n.Block(t)
	}
}

// Epoch of the service chain.
func (n *Network) Epoch(t testing.TB) uint64 {
	t.Helper()
	e, err := n.Service.Usage.Epoch(n.Service.Ctx)
	require.NoError(t, err)
	return e
}

func next(ctx sdk.Context) sdk.Context {
	h := ctx.BlockHeight() + 1
	return ctx.WithBlockHeight(h).WithBlockTime(ctx.BlockTime().Add(time.Second)).WithEventManager(sdk.NewEventManager())
}

// Do runs a message's handler as a transaction does: what fails leaves no trace.
func Do[M sdk.Msg, R any](ctx sdk.Context, handler func(context.Context, M) (R, error), msg M) (R, error) {
	if checked, ok := any(msg).(sdk.HasValidateBasic); ok {
		if err := checked.ValidateBasic(); err != nil {
			var none R
			return none, err
		}
	}
	attempt, write := ctx.CacheContext()
	res, err := handler(attempt, msg)
	if err == nil {
		write()
	}
	return res, err
}

// Check holds the books of both chains against each other.
func (n *Network) Check(t require.TestingT) {
	require.NoError(t, n.Main.Billing.Invariants(n.Main.Ctx))
	require.NoError(t, n.Main.Services.Invariants(n.Main.Ctx))
	require.NoError(t, n.Service.Usage.Invariants(n.Service.Ctx))
}
