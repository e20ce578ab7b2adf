package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	billingtypes "github.com/topnetwork/top/x/billing/types"
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

// IsProvider tells whether an account is a provider, or was one so lately that it may still have something to claim or prove.
func (k *Keeper) IsProvider(ctx context.Context, address string) (bool, error) {
	p, err := k.providers.Get(ctx, address)
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := k.Epoch(ctx)
	return p.Active || now <= p.LastEpoch+billingtypes.ClaimAndProofEpochs, err
}
