package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// BankKeeper moves deposits.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// ClientKeeper tells whether a light client is fit to stand for a chain.
type ClientKeeper interface {
	// CheckClient refuses a client that is not an active 07-tendermint client of chainID with a registered IBC v2 counterparty.
	CheckClient(ctx sdk.Context, clientID, chainID string) error
}

// ServicesHooks hear of changes that service chains must know.
type ServicesHooks interface {
	// AfterProviderChanged is called in the transaction that registers or updates a provider; an error refuses the change.
	AfterProviderChanged(ctx context.Context, p Provider) error
}
