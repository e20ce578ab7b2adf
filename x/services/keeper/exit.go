package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/services/types"
)

// ExitProvider ends a provider's service for good. Its deposit stays until every claim, payout and dispute of its work can have ended.
func (k *Keeper) ExitProvider(ctx context.Context, msg *types.MsgExitProvider) (*types.MsgExitProviderResponse, error) {
	p, err := k.Provider(ctx, msg.ChainId, msg.Address)
	if err != nil {
		return nil, err
	}
	if p.Exit() {
		return nil, errorsmod.Wrapf(types.ErrExiting, "since its deposit is due in epoch %d", p.ExitEpoch)
	}
	_, exit, err := k.billing.ExitEpochs(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.setStatus(ctx, &p, types.ProviderStatus_PROVIDER_STATUS_EXITING); err != nil {
		return nil, err
	}
	p.ExitEpoch = exit
	if err := k.storeAndTell(ctx, p); err != nil {
		return nil, err
	}
	return &types.MsgExitProviderResponse{ExitEpoch: exit}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventProviderExiting{ChainId: p.ChainId, Address: p.Address, ExitEpoch: exit})
}

// storeAndTell stores a changed provider and tells its service chain, which may be out of reach: that must keep nobody from leaving, nor a slash from happening.
func (k *Keeper) storeAndTell(ctx context.Context, p types.Provider) error {
	if err := k.providers.Set(ctx, collections.Join(p.ChainId, p.Address), p); err != nil {
		return err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	attempt, write := sdkCtx.CacheContext()
	if err := k.billing.AfterProviderChanged(attempt, p); err != nil {
		sdkCtx.Logger().Error("service chain not told", "module", types.ModuleName, "chain", p.ChainId, "provider", p.Address, "error", err)
		return k.billing.ProviderNotTold(ctx, p.ChainId, p.Address)
	}
	write()
	return nil
}

// WithdrawProviderDeposit returns an exiting provider's deposit.
func (k *Keeper) WithdrawProviderDeposit(ctx context.Context, msg *types.MsgWithdrawProviderDeposit) (*types.MsgWithdrawProviderDepositResponse, error) {
	p, err := k.Provider(ctx, msg.ChainId, msg.Address)
	if err != nil {
		return nil, err
	}
	if p.Status != types.ProviderStatus_PROVIDER_STATUS_EXITING {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "provider %s is %s: exit first (tx services exit-provider)", p.Address, p.Status)
	}
	now, _, err := k.billing.ExitEpochs(ctx)
	if err != nil {
		return nil, err
	}
	if now < p.ExitEpoch {
		return nil, errorsmod.Wrapf(types.ErrExiting, "the deposit is returned from epoch %d on, now is %d", p.ExitEpoch, now)
	}
	if err := k.billing.CheckProviderSettled(ctx, p.ChainId, p.Address); err != nil {
		return nil, err
	}
	amount := p.Deposit
	p.Status, p.Deposit = types.ProviderStatus_PROVIDER_STATUS_EXITED, 0
	if err := k.providers.Set(ctx, collections.Join(p.ChainId, p.Address), p); err != nil {
		return nil, err
	}
	return &types.MsgWithdrawProviderDepositResponse{Amount: amount}, k.returnDeposit(ctx, p.Address, p.ChainId, amount)
}

// ExitServiceChain ends a service chain. Nothing new begins on it; what is under way has the time of a withdrawal to be settled.
func (k *Keeper) ExitServiceChain(ctx context.Context, msg *types.MsgExitServiceChain) (*types.MsgExitServiceChainResponse, error) {
	c, err := k.Chain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	if c.ClosingEpoch > 0 {
		return nil, errorsmod.Wrapf(types.ErrExiting, "%s closes with epoch %d", c.ChainId, c.ClosingEpoch)
	}
	if msg.Signer != c.Operator {
		// Payers must get their coins out of a chain that nobody can hear any more.
		if c.ClientId == "" || k.clients.CheckClient(sdk.UnwrapSDKContext(ctx), c.ClientId, c.ChainId) == nil {
			return nil, errorsmod.Wrapf(types.ErrUnauthorized, "%s is closed by its operator %s; by others only when its light client has expired or is frozen", c.ChainId, c.Operator)
		}
	}
	_, closing, err := k.billing.ExitEpochs(ctx)
	if err != nil {
		return nil, err
	}
	c.ClosingEpoch = closing
	if err := k.chains.Set(ctx, c.ChainId, c); err != nil {
		return nil, err
	}
	return &types.MsgExitServiceChainResponse{ClosingEpoch: closing}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventServiceChainClosing{ChainId: c.ChainId, ClosingEpoch: closing})
}

// WithdrawServiceChainDeposit returns a closed chain's deposit to its operator.
func (k *Keeper) WithdrawServiceChainDeposit(ctx context.Context, msg *types.MsgWithdrawServiceChainDeposit) (*types.MsgWithdrawServiceChainDepositResponse, error) {
	c, err := k.Chain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	if msg.Operator != c.Operator {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "%s is operated by %s", c.ChainId, c.Operator)
	}
	now, _, err := k.billing.ExitEpochs(ctx)
	if err != nil {
		return nil, err
	}
	if c.ClosingEpoch == 0 || now < c.ClosingEpoch || c.Deposit == 0 {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "%s has %d utop of deposit and closes with epoch %d, now is %d", c.ChainId, c.Deposit, c.ClosingEpoch, now)
	}
	if err := k.billing.CheckChainSettled(ctx, c.ChainId); err != nil {
		return nil, err
	}
	amount := c.Deposit
	c.Deposit = 0
	if err := k.chains.Set(ctx, c.ChainId, c); err != nil {
		return nil, err
	}
	return &types.MsgWithdrawServiceChainDepositResponse{Amount: amount}, k.returnDeposit(ctx, c.Operator, c.ChainId, amount)
}
