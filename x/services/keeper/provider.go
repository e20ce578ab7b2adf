package keeper

import (
	"context"
	"crypto/ed25519"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/x/services/types"
)

// RegisterProvider adds a provider to a linked service chain for a deposit. Anyone may, with a key they prove to hold.
func (k *Keeper) RegisterProvider(ctx context.Context, msg *types.MsgRegisterProvider) (*types.MsgRegisterProviderResponse, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	chain, serviceType, err := k.chainAndType(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	key := collections.Join(msg.ChainId, msg.Address)
	// One that has exited may come back, with its record of slashes.
	earlier, err := k.providers.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if err == nil && earlier.Status != types.ProviderStatus_PROVIDER_STATUS_EXITED {
		return nil, errorsmod.Wrapf(types.ErrExists, "provider %s on %s", msg.Address, msg.ChainId)
	}
	byKey := collections.Join(msg.ChainId, msg.Key)
	if owner, err := k.providerKeys.Get(ctx, byKey); err == nil && owner != msg.Address {
		return nil, errorsmod.Wrapf(types.ErrExists, "the key belongs to provider %s", owner)
	} else if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	peerID, err := types.PeerID(msg.Key)
	if err != nil {
		return nil, err
	}
	signed := voucher.ProviderKeySignBytes(sdkCtx.ChainID(), chain.ChainId, msg.Address, msg.Key)
	if !ed25519.Verify(msg.Key, signed, msg.KeySignature) {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "the key's signature does not prove its possession for %s on %s", msg.Address, msg.ChainId)
	}
	if err := types.ValidateEndpoints(msg.Endpoints); err != nil {
		return nil, err
	}
	if err := types.ValidatePrices(msg.Prices, serviceType); err != nil {
		return nil, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.takeDeposit(ctx, msg.Address, msg.Deposit, params.MinProviderDeposit); err != nil {
		return nil, err
	}
	p := types.Provider{
		ChainId: msg.ChainId, Address: msg.Address, Key: msg.Key, PeerId: peerID, Endpoints: msg.Endpoints, Prices: msg.Prices,
		Deposit: msg.Deposit, Status: types.ProviderStatus_PROVIDER_STATUS_ACTIVE, Slashed: earlier.Slashed,
	}
	// An earlier key stays its own: settlements of what it signed may come late, and their disputes with them.
	if err := k.providerKeys.Set(ctx, byKey, p.Address); err != nil {
		return nil, err
	}
	if err := k.setProvider(ctx, p); err != nil {
		return nil, err
	}
	return &types.MsgRegisterProviderResponse{PeerId: peerID}, sdkCtx.EventManager().EmitTypedEvent(
		&types.EventProviderRegistered{ChainId: p.ChainId, Address: p.Address, PeerId: p.PeerId})
}

// UpdateProvider replaces endpoints, prices and status.
func (k *Keeper) UpdateProvider(ctx context.Context, msg *types.MsgUpdateProvider) (*types.MsgUpdateProviderResponse, error) {
	_, serviceType, err := k.chainAndType(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	p, err := k.Provider(ctx, msg.ChainId, msg.Address)
	if err != nil {
		return nil, err
	}
	if err := types.ValidatePrices(msg.Prices, serviceType); err != nil {
		return nil, err
	}
	if p.Exit() {
		return nil, errorsmod.Wrapf(types.ErrExiting, "provider %s on %s: an exit is for good", msg.Address, msg.ChainId)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Status == types.ProviderStatus_PROVIDER_STATUS_ACTIVE && p.Deposit < params.MinProviderDeposit {
		return nil, errorsmod.Wrapf(types.ErrDeposit, "%d utop are left, at least %d are needed to be active: tx services add-provider-deposit", p.Deposit, params.MinProviderDeposit)
	}
	p.Endpoints, p.Prices = msg.Endpoints, msg.Prices
	if err := k.setStatus(ctx, &p, msg.Status); err != nil {
		return nil, err
	}
	if err := k.setProvider(ctx, p); err != nil {
		return nil, err
	}
	return &types.MsgUpdateProviderResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventProviderUpdated{ChainId: p.ChainId, Address: p.Address, Status: p.Status.String()})
}

// Provider answers a registered provider.
func (k *Keeper) Provider(ctx context.Context, chainID, address string) (types.Provider, error) {
	p, err := k.providers.Get(ctx, collections.Join(chainID, address))
	if errors.Is(err, collections.ErrNotFound) {
		return p, errorsmod.Wrapf(types.ErrNotFound, "provider %s on %s", address, chainID)
	}
	return p, err
}

// OwnsKey tells whether a key is or was a provider's.
func (k *Keeper) OwnsKey(ctx context.Context, chainID, address string, key []byte) (bool, error) {
	owner, err := k.providerKeys.Get(ctx, collections.Join(chainID, key))
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return owner == address, err
}

// setStatus changes a provider's status. The epoch in which it stops being active is the last for which its service chain takes claims, until it is active again.
func (k *Keeper) setStatus(ctx context.Context, p *types.Provider, status types.ProviderStatus) error {
	switch {
	case status == types.ProviderStatus_PROVIDER_STATUS_ACTIVE:
		p.LastEpoch = 0
	case p.Status == types.ProviderStatus_PROVIDER_STATUS_ACTIVE:
		now, _, err := k.billing.ExitEpochs(ctx)
		if err != nil {
			return err
		}
		p.LastEpoch = now
	}
	p.Status = status
	return nil
}

func (k *Keeper) setProvider(ctx context.Context, p types.Provider) error {
	if err := k.providers.Set(ctx, collections.Join(p.ChainId, p.Address), p); err != nil {
		return err
	}
	return k.billing.AfterProviderChanged(ctx, p)
}

// chainAndType answers a chain that takes providers, and its type.
func (k *Keeper) chainAndType(ctx context.Context, chainID string) (types.ServiceChain, types.ServiceType, error) {
	chain, err := k.OpenChain(ctx, chainID)
	if err != nil {
		return chain, types.ServiceType{}, err
	}
	t, err := k.serviceTypes.Get(ctx, chain.Type)
	return chain, t, err
}
