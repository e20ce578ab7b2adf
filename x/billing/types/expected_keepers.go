package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	servicestypes "github.com/topnetwork/top/x/services/types"
)

// BankKeeper moves coins in and out of the module account.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, from, to string, amt sdk.Coins) error
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// ServicesKeeper knows service chains and providers.
type ServicesKeeper interface {
	LinkedChain(ctx context.Context, chainID string) (servicestypes.ServiceChain, error)
	OpenChain(ctx context.Context, chainID string) (servicestypes.ServiceChain, error)
	Chain(ctx context.Context, chainID string) (servicestypes.ServiceChain, error)
	ChainOfClient(ctx context.Context, clientID string) (servicestypes.ServiceChain, error)
	Provider(ctx context.Context, chainID, address string) (servicestypes.Provider, error)
	// OwnsKey tells whether a key is or was a provider's.
	OwnsKey(ctx context.Context, chainID, address string, key []byte) (bool, error)
	// Slash takes a provider's deposit for a proven fault and answers how much.
	Slash(ctx context.Context, chainID, address, reason string) (uint64, error)
}
