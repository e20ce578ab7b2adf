package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// AccountKeeper creates the accounts of payers and providers that the main chain names.
type AccountKeeper interface {
	HasAccount(ctx context.Context, addr sdk.AccAddress) bool
	NewAccountWithAddress(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
	SetAccount(ctx context.Context, acc sdk.AccountI)
}

// ClientKeeper answers for the light client of the main chain.
type ClientKeeper interface {
	// CheckClient refuses a client that is not an active 07-tendermint client of chainID with a registered IBC v2 counterparty.
	CheckClient(ctx sdk.Context, clientID, chainID string) error
	// LatestHeight is the newest height of the followed chain that the client has verified.
	LatestHeight(ctx sdk.Context, clientID string) (int64, error)
	// VerifyStored refuses what is not proven to be the value of a key in a store of the followed chain, by the header of a height that the client has verified.
	VerifyStored(ctx sdk.Context, clientID string, height uint64, store string, key, value, proof []byte) error
}
