// Package keeper holds the registry of service types, service chains and providers, and their deposits.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/x/services/types"
)

// Keeper of x/services.
type Keeper struct {
	bank    types.BankKeeper
	clients types.ClientKeeper
	billing types.BillingKeeper
	// feeCollector gets what providers lose for faults.
	feeCollector string
	authority    string

	Schema collections.Schema
	params collections.Item[types.Params]
	// serviceTypes by name.
	serviceTypes collections.Map[string, types.ServiceType]
	// chains by chain id.
	chains collections.Map[string, types.ServiceChain]
	// clientChains leads from a light client to the chain it stands for.
	clientChains collections.Map[string, string]
	// providers by (chain id, address).
	providers collections.Map[collections.Pair[string, string], types.Provider]
	// providerKeys by (chain id, key): one key belongs to one provider, for good.
	providerKeys collections.Map[collections.Pair[string, []byte], string]
}

// NewKeeper builds the keeper. Slashed deposits go to the module account feeCollector; authority is the account that governance acts with.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, bank types.BankKeeper, clients types.ClientKeeper, feeCollector, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	pair := collections.PairKeyCodec(collections.StringKey, collections.StringKey)
	k := &Keeper{
		bank: bank, clients: clients, feeCollector: feeCollector, authority: authority,
		params:       collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		serviceTypes: collections.NewMap(sb, types.TypesKey, "types", collections.StringKey, codec.CollValue[types.ServiceType](cdc)),
		chains:       collections.NewMap(sb, types.ChainsKey, "chains", collections.StringKey, codec.CollValue[types.ServiceChain](cdc)),
		clientChains: collections.NewMap(sb, types.ClientsKey, "client_chains", collections.StringKey, collections.StringValue),
		providers:    collections.NewMap(sb, types.ProvidersKey, "providers", pair, codec.CollValue[types.Provider](cdc)),
		providerKeys: collections.NewMap(sb, types.ProviderKeysKey, "provider_keys", collections.PairKeyCodec(collections.StringKey, collections.BytesKey), collections.StringValue),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// SetBilling joins the registry to x/billing. It is called once, while the app is wired.
func (k *Keeper) SetBilling(b types.BillingKeeper) { k.billing = b }

// takeDeposit moves a deposit of at least min into the module account.
func (k *Keeper) takeDeposit(ctx context.Context, from string, amount, min uint64) error {
	if amount < min {
		return errorsmod.Wrapf(types.ErrDeposit, "%d utop, at least %d", amount, min)
	}
	addr, err := sdk.AccAddressFromBech32(from)
	if err != nil {
		return errorsmod.Wrapf(types.ErrInvalid, "address %q: %s", from, err)
	}
	coins := sdk.NewCoins(sdk.NewCoin(types.Denom, math.NewIntFromUint64(amount)))
	return k.bank.SendCoinsFromAccountToModule(ctx, addr, types.ModuleName, coins)
}

// returnDeposit pays a deposit back.
func (k *Keeper) returnDeposit(ctx context.Context, to, chainID string, amount uint64) error {
	addr, err := sdk.AccAddressFromBech32(to)
	if err != nil {
		return errorsmod.Wrapf(types.ErrInvalid, "address %q: %s", to, err)
	}
	coins := sdk.NewCoins(sdk.NewCoin(types.Denom, math.NewIntFromUint64(amount)))
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, addr, coins); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventDepositReturned{ChainId: chainID, Address: to, Amount: amount})
}

// Invariants checks that the module account covers every deposit. Unsolicited coins on top are nobody's claim.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	sum, err := gs.TotalDeposits()
	if err != nil {
		return err
	}
	balance := k.bank.GetBalance(ctx, authtypes.NewModuleAddress(types.ModuleName), types.Denom).Amount
	if balance.LT(math.NewIntFromUint64(sum)) {
		return errorsmod.Wrapf(types.ErrInvariant, "deposits sum to %d utop, the module account holds %s", sum, balance)
	}
	return nil
}
