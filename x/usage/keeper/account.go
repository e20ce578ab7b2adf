package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ensureAccount lets an address sign here: this chain has no coins by which an account could come into being (docs/adr/003).
func (k *Keeper) ensureAccount(ctx context.Context, address string) error {
	addr, err := sdk.AccAddressFromBech32(address)
	if err != nil {
		return err
	}
	if !k.account.HasAccount(ctx, addr) {
		k.account.SetAccount(ctx, k.account.NewAccountWithAddress(ctx, addr))
	}
	return nil
}
