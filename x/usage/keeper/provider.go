package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// receiveProvider takes over a provider's record, unless a newer one came first.
func (k *Keeper) receiveProvider(ctx context.Context, p *billingtypes.ProviderPacket) error {
	known, err := k.providers.Get(ctx, p.Address)
	if err == nil && known.Revision >= p.Revision {
		return nil
	}
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.ensureAccount(ctx, p.Address); err != nil {
		return err
	}
	// One is enough: coming back takes longer on the main chain than a claim and its proof.
	former := known.FormerKey
	if !bytes.Equal(known.Key, p.Key) {
		former = known.Key
	}
	return k.providers.Set(ctx, p.Address, types.Provider{
		Address: p.Address, Key: p.Key, Active: p.Active, Prices: p.Prices, Deposit: p.Deposit, Revision: p.Revision, LastEpoch: p.LastEpoch, FormerKey: former,
	})
}

func (k *Keeper) provider(ctx context.Context, address string) (types.Provider, error) {
	p, err := k.providers.Get(ctx, address)
	if errors.Is(err, collections.ErrNotFound) {
		return p, errorsmod.Wrapf(types.ErrNotFound, "provider %s: it registers on the main chain (tx services register-provider)", address)
	}
	return p, err
}
