package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/services/types"
)

// RegisterServiceChain adds a service chain for a deposit. Anyone may.
func (k *Keeper) RegisterServiceChain(ctx context.Context, msg *types.MsgRegisterServiceChain) (*types.MsgRegisterServiceChainResponse, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if msg.ChainId == sdkCtx.ChainID() {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "%s is the main chain", msg.ChainId)
	}
	if exists, err := k.chains.Has(ctx, msg.ChainId); err != nil {
		return nil, err
	} else if exists {
		return nil, errorsmod.Wrapf(types.ErrExists, "service chain %s", msg.ChainId)
	}
	if exists, err := k.serviceTypes.Has(ctx, msg.Type); err != nil {
		return nil, err
	} else if !exists {
		return nil, errorsmod.Wrapf(types.ErrNotFound, "type %q: register it first (tx services register-service-type)", msg.Type)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.takeDeposit(ctx, msg.Operator, msg.Deposit, params.MinChainDeposit); err != nil {
		return nil, err
	}
	err = k.chains.Set(ctx, msg.ChainId, types.ServiceChain{
		ChainId: msg.ChainId, Type: msg.Type, Operator: msg.Operator, Deposit: msg.Deposit, RegisteredHeight: sdkCtx.BlockHeight(),
	})
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterServiceChainResponse{}, sdkCtx.EventManager().EmitTypedEvent(
		&types.EventServiceChainRegistered{ChainId: msg.ChainId, Type: msg.Type, Operator: msg.Operator})
}

// LinkServiceChain names the light client through which the chain is heard. Only the operator may, and only once: whoever chooses the client decides whom the
// main chain believes.
func (k *Keeper) LinkServiceChain(ctx context.Context, msg *types.MsgLinkServiceChain) (*types.MsgLinkServiceChainResponse, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	chain, err := k.Chain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	if chain.Operator != msg.Operator {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "%s is operated by %s", msg.ChainId, chain.Operator)
	}
	if chain.ClientId != "" {
		return nil, errorsmod.Wrapf(types.ErrExists, "%s is linked by %s", msg.ChainId, chain.ClientId)
	}
	if other, err := k.ChainOfClient(ctx, msg.ClientId); err == nil {
		return nil, errorsmod.Wrapf(types.ErrExists, "client %s already stands for %s", msg.ClientId, other.ChainId)
	}
	if err := k.clients.CheckClient(sdkCtx, msg.ClientId, msg.ChainId); err != nil {
		return nil, err
	}
	chain.ClientId = msg.ClientId
	if err := k.chains.Set(ctx, chain.ChainId, chain); err != nil {
		return nil, err
	}
	if err := k.clientChains.Set(ctx, chain.ClientId, chain.ChainId); err != nil {
		return nil, err
	}
	return &types.MsgLinkServiceChainResponse{}, sdkCtx.EventManager().EmitTypedEvent(
		&types.EventServiceChainLinked{ChainId: chain.ChainId, ClientId: chain.ClientId})
}

// Chain answers a registered service chain.
func (k *Keeper) Chain(ctx context.Context, id string) (types.ServiceChain, error) {
	c, err := k.chains.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "service chain %q", id)
	}
	return c, err
}

// LinkedChain answers a service chain that can be reached.
func (k *Keeper) LinkedChain(ctx context.Context, id string) (types.ServiceChain, error) {
	c, err := k.Chain(ctx, id)
	if err == nil && c.ClientId == "" {
		return c, errorsmod.Wrapf(types.ErrNotLinked, "%s: its operator runs `relayer link` first", id)
	}
	return c, err
}

// OpenChain answers a service chain that takes new credit and new providers.
func (k *Keeper) OpenChain(ctx context.Context, id string) (types.ServiceChain, error) {
	c, err := k.LinkedChain(ctx, id)
	if err == nil && c.ClosingEpoch > 0 {
		return c, errorsmod.Wrapf(types.ErrExiting, "%s closes with epoch %d", id, c.ClosingEpoch)
	}
	return c, err
}

// ChainOfClient answers the service chain that a light client stands for.
func (k *Keeper) ChainOfClient(ctx context.Context, clientID string) (types.ServiceChain, error) {
	id, err := k.clientChains.Get(ctx, clientID)
	if errors.Is(err, collections.ErrNotFound) {
		return types.ServiceChain{}, errorsmod.Wrapf(types.ErrNotFound, "no service chain is linked by client %q", clientID)
	}
	if err != nil {
		return types.ServiceChain{}, err
	}
	return k.Chain(ctx, id)
}
