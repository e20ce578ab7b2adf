package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/usage/types"
)

// CountTx counts a transaction of an account towards its quota, or refuses it when the quota of the epoch is used up (docs/adr/007). relay says that it is made of IBC
// messages alone. Epochs are counted by this chain's own blocks here: a quota must renew while the main chain is not heard.
func (k *Keeper) CountTx(ctx context.Context, account sdk.AccAddress, relay bool) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	now := epoch.At(height, chain.EpochBlocks)
	a, err := k.activities.Get(ctx, account)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if a.Epoch != now {
		a = types.Activity{Epoch: now}
	}
	a.Account = account.String()
	count, limit := &a.Txs, params.MaxTxsPerEpoch
	if relay {
		count, limit = &a.Relays, params.MaxRelaysPerEpoch()
	}
	if *count >= limit {
		return errorsmod.Wrapf(types.ErrLimit, "%s has used its quota of %d transactions in an epoch (max_txs_per_epoch); it renews with block %d, now is block %d",
			account, limit, epoch.First(now+1, chain.EpochBlocks), height)
	}
	*count++
	return k.activities.Set(ctx, account, a)
}

// IsProvider tells whether the main chain has registered an account as a provider.
func (k *Keeper) IsProvider(ctx context.Context, address string) (bool, error) {
	return k.providers.Has(ctx, address)
}
