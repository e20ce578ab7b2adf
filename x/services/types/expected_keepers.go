package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// BankKeeper moves deposits.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, from, to string, amt sdk.Coins) error
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// ClientKeeper tells whether a light client is fit to stand for a chain.
type ClientKeeper interface {
	// CheckClient refuses a client that is not an active 07-tendermint client of chainID with a registered IBC v2 counterparty.
	CheckClient(ctx sdk.Context, clientID, chainID string) error
}

// BillingKeeper is x/billing as the registry needs it. It is set after both exist: x/billing is built on the registry.
type BillingKeeper interface {
	// AfterProviderChanged is called in the transaction that registers or updates a provider; an error refuses the change.
	AfterProviderChanged(ctx context.Context, p Provider) error
	// ProviderNotTold has the service chain told later.
	ProviderNotTold(ctx context.Context, chainID, address string) error
	// ExitEpochs answers the current epoch and the one by which every promise made until now has ended.
	ExitEpochs(ctx context.Context) (now, exit uint64, err error)
	// CheckProviderSettled refuses while payouts of the provider are not paid.
	CheckProviderSettled(ctx context.Context, chainID, address string) error
	// CheckChainSettled refuses while coins lie behind the chain or payouts of it are not paid.
	CheckChainSettled(ctx context.Context, chainID string) error
}
