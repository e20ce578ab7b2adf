package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/topnetwork/top/x/billing/types"
)

// Invariants checks that all books add up and that the module account covers them, at the height of ctx. Unsolicited coins on top belong to nobody.
func (k *Keeper) Invariants(ctx context.Context) error {
	_, _, err := k.Books(ctx)
	return err
}

// Books sums what the module accounts for and answers its account's balance, both in utop; an error says which invariant is broken.
func (k *Keeper) Books(ctx context.Context) (recorded uint64, balance math.Int, err error) {
	balance = k.bank.GetBalance(ctx, k.address, types.Denom).Amount
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return 0, balance, err
	}
	if recorded, err = gs.Books().Check(); err != nil {
		return recorded, balance, err
	}
	if balance.LT(math.NewIntFromUint64(recorded)) {
		return recorded, balance, errorsmod.Wrapf(types.ErrInvariant, "the books record %d utop, the module account holds %s", recorded, balance)
	}
	return recorded, balance, nil
}
