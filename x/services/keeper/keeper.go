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
	bank      types.BankKeeper
	clients   types.ClientKeeper
	hooks     types.ServicesHooks
	authority string

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
	// providerKeys by (chain id, key): one key belongs to one provider.
	providerKeys collections.Map[collections.Pair[string, []byte], string]
}

// NewKeeper builds the keeper. authority is the account that governance acts with.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, bank types.BankKeeper, clients types.ClientKeeper, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	pair := collections.PairKeyCodec(collections.StringKey, collections.StringKey)
	k := &Keeper{
		bank: bank, clients: clients, authority: authority,
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

// SetHooks names who hears of changed providers. It is called once, while the app is wired.
func (k *Keeper) SetHooks(h types.ServicesHooks) { k.hooks = h }

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
