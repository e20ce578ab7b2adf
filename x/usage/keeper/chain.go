package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/usage/types"
)

// LinkMainChain names the light client through which the main chain is heard. Only the founder may, and only once: whoever chooses it decides whose credit
// counts here.
func (k *Keeper) LinkMainChain(ctx context.Context, msg *types.MsgLinkMainChain) (*types.MsgLinkMainChainResponse, error) {
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Operator != chain.Operator {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "the main chain is linked by %s", chain.Operator)
	}
	if chain.MainClientId != "" {
		return nil, errorsmod.Wrapf(types.ErrLinked, "by %s", chain.MainClientId)
	}
	if err := k.clients.CheckClient(sdk.UnwrapSDKContext(ctx), msg.ClientId, chain.MainChainId); err != nil {
		return nil, err
	}
	chain.MainClientId = msg.ClientId
	if err := k.chain.Set(ctx, chain); err != nil {
		return nil, err
	}
	return &types.MsgLinkMainChainResponse{}, emit(ctx, &types.EventMainChainLinked{ClientId: msg.ClientId})
}

// Founder of this chain, who links it.
func (k *Keeper) Founder(ctx context.Context) (string, error) {
	chain, err := k.chain.Get(ctx)
	return chain.Operator, err
}

// mainHeight is the newest verified main-chain height, or this chain's own before it is linked.
func (k *Keeper) mainHeight(ctx context.Context) (int64, types.Chain, error) {
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return 0, chain, err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if chain.MainClientId == "" {
		return sdkCtx.BlockHeight(), chain, nil
	}
	h, err := k.clients.LatestHeight(sdkCtx, chain.MainClientId)
	return h, chain, err
}

// Epoch is the current one, by the main chain's height.
func (k *Keeper) Epoch(ctx context.Context) (uint64, error) {
	h, chain, err := k.mainHeight(ctx)
	return epoch.At(h, chain.EpochBlocks), err
}
