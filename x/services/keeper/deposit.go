package keeper

import (
	"context"
	"math/bits"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/services/types"
)

// AddProviderDeposit raises a provider's deposit.
func (k *Keeper) AddProviderDeposit(ctx context.Context, msg *types.MsgAddProviderDeposit) (*types.MsgAddProviderDepositResponse, error) {
	p, err := k.Provider(ctx, msg.ChainId, msg.Address)
	if err != nil {
		return nil, err
	}
	if p.Exit() {
		return nil, errorsmod.Wrapf(types.ErrExiting, "provider %s on %s", p.Address, p.ChainId)
	}
	if p.Deposit, err = k.raise(ctx, p.Address, p.Deposit, msg.Amount); err != nil {
		return nil, err
	}
	return &types.MsgAddProviderDepositResponse{Deposit: p.Deposit}, k.setProvider(ctx, p)
}

// AddServiceChainDeposit raises a chain's deposit. Anyone may; the operator gets it back.
func (k *Keeper) AddServiceChainDeposit(ctx context.Context, msg *types.MsgAddServiceChainDeposit) (*types.MsgAddServiceChainDepositResponse, error) {
	c, err := k.Chain(ctx, msg.ChainId)
	if err != nil {
		return nil, err
	}
	if c.ClosingEpoch > 0 {
		return nil, errorsmod.Wrapf(types.ErrExiting, "%s closes with epoch %d", c.ChainId, c.ClosingEpoch)
	}
	if c.Deposit, err = k.raise(ctx, msg.Sender, c.Deposit, msg.Amount); err != nil {
		return nil, err
	}
	return &types.MsgAddServiceChainDepositResponse{Deposit: c.Deposit}, k.chains.Set(ctx, c.ChainId, c)
}

func (k *Keeper) raise(ctx context.Context, from string, deposit, amount uint64) (uint64, error) {
	sum, carry := bits.Add64(deposit, amount, 0)
	if carry != 0 {
		return 0, errorsmod.Wrapf(types.ErrInvalid, "%d + %d utop", deposit, amount)
	}
	return sum, k.takeDeposit(ctx, from, amount, 1)
}

// Slash takes fault_slash_bps of a provider's deposit for a proven fault and answers how much that was. A provider that has too little left is made inactive.
// It fails for no reason but a broken store: x/billing calls it in EndBlock.
func (k *Keeper) Slash(ctx context.Context, chainID, address, reason string) (uint64, error) {
	p, err := k.Provider(ctx, chainID, address)
	if err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	high, low := bits.Mul64(p.Deposit, uint64(params.FaultSlashBps))
	amount, _ := bits.Div64(high, low, 10_000)
	if amount == 0 {
		return 0, nil
	}
	coins := sdk.NewCoins(sdk.NewCoin(types.Denom, math.NewIntFromUint64(amount)))
	if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, k.feeCollector, coins); err != nil {
		return 0, err
	}
	p.Deposit -= amount
	p.Slashed += amount
	if p.Status == types.ProviderStatus_PROVIDER_STATUS_ACTIVE && p.Deposit < params.MinProviderDeposit {
		if err := k.setStatus(ctx, &p, types.ProviderStatus_PROVIDER_STATUS_INACTIVE); err != nil {
			return 0, err
		}
	}
	if err := k.storeAndTell(ctx, p); err != nil {
		return 0, err
	}
	return amount, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventProviderSlashed{ChainId: chainID, Address: address, Amount: amount, Reason: reason})
}
