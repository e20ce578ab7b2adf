package keeper

import (
	"context"
	"errors"
	"math/bits"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// fee of a payout in utop: bps ten-thousandths, rounded down, so that fee and rest always sum to the amount.
func fee(amount uint64, bps uint32) uint64 {
	high, low := bits.Mul64(amount, uint64(bps))
	q, _ := bits.Div64(high, low, 10_000)
	return q
}

// EndBlock pays what is due, ends disputes whose answer did not come (at most max_payouts_per_block of each) and makes lost announcements again; the rest waits for
// the next block in the same order. An item that fails is set aside and never stops the chain.
func (k *Keeper) EndBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	var due []payoutKey
	err = k.queue.Walk(ctx, nil, func(key payoutKey) (bool, error) {
		if key.K1() > now || len(due) >= int(params.MaxPayoutsPerBlock) {
			return true, nil
		}
		due = append(due, key)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range due {
		if err := k.settlePayout(ctx, key); err != nil {
			return err
		}
	}
	if err := k.endDisputes(ctx, params, now); err != nil {
		return err
	}
	return k.makeAnnouncements(ctx, now)
}

// settlePayout pays one payout, or holds it where the bank refuses.
func (k *Keeper) settlePayout(ctx context.Context, key payoutKey) error {
	if err := k.queue.Remove(ctx, key); err != nil {
		return err
	}
	id := collections.Join3(key.K2(), key.K3(), key.K4())
	p, err := k.payouts.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if err := isolated(ctx, func(attempt sdk.Context) error { return k.pay(attempt, p) }); err != nil {
		p.Status = types.PayoutStatus_PAYOUT_STATUS_HELD
		sdkCtx.Logger().Error("payout held", "chain", p.ChainId, "epoch", p.Epoch, "provider", p.Provider, "error", err)
		if err := k.payouts.Set(ctx, id, p); err != nil {
			return err
		}
		return emit(ctx, &types.EventPayoutHeld{ChainId: p.ChainId, Epoch: p.Epoch, Provider: p.Provider, Amount: p.Amount, Reason: err.Error()})
	}
	if err := k.subUnpaid(ctx, p.ChainId, p.Provider, p.Amount); err != nil {
		return err
	}
	p.Status, p.PaidHeight = types.PayoutStatus_PAYOUT_STATUS_PAID, sdkCtx.BlockHeight()
	if err := k.payouts.Set(ctx, id, p); err != nil {
		return err
	}
	return emit(ctx, &types.EventPayoutPaid{ChainId: p.ChainId, Epoch: p.Epoch, Provider: p.Provider, Amount: p.Amount, Fee: p.Fee})
}

// RetryPayout puts a held payout back into the queue: the account may take coins by now.
func (k *Keeper) RetryPayout(ctx context.Context, msg *types.MsgRetryPayout) (*types.MsgRetryPayoutResponse, error) {
	p, err := k.payout(ctx, msg.ChainId, msg.Epoch, msg.Provider)
	if err != nil {
		return nil, err
	}
	if p.Status != types.PayoutStatus_PAYOUT_STATUS_HELD {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "the payout is %s, not held", p.Status)
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	return &types.MsgRetryPayoutResponse{}, k.schedule(ctx, p, now)
}

// schedule makes a payout pending.
func (k *Keeper) schedule(ctx context.Context, p types.Payout, due uint64) error {
	p.Status, p.DueEpoch = types.PayoutStatus_PAYOUT_STATUS_PENDING, due
	if err := k.payouts.Set(ctx, collections.Join3(p.ChainId, p.Epoch, p.Provider), p); err != nil {
		return err
	}
	return k.queue.Set(ctx, collections.Join4(due, p.ChainId, p.Epoch, p.Provider))
}

func (k *Keeper) payout(ctx context.Context, chainID string, epoch uint64, provider string) (types.Payout, error) {
	p, err := k.payouts.Get(ctx, collections.Join3(chainID, epoch, provider))
	if errors.Is(err, collections.ErrNotFound) {
		return p, errorsmod.Wrapf(types.ErrNotFound, "payout to %s for the settlement of %s in epoch %d", provider, chainID, epoch)
	}
	return p, err
}

// unpaidOf a provider on a chain, or with an empty provider of the whole chain, in utop.
func (k *Keeper) unpaidOf(ctx context.Context, chainID, provider string) (uint64, error) {
	v, err := k.unpaid.Get(ctx, collections.Join(chainID, provider))
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return v, err
}

func (k *Keeper) addUnpaid(ctx context.Context, chainID, provider string, amount uint64) error {
	return k.changeUnpaid(ctx, chainID, provider, func(v uint64) (uint64, error) { return types.Add(v, amount) })
}

func (k *Keeper) subUnpaid(ctx context.Context, chainID, provider string, amount uint64) error {
	return k.changeUnpaid(ctx, chainID, provider, func(v uint64) (uint64, error) { return types.Sub(v, amount) })
}

func (k *Keeper) changeUnpaid(ctx context.Context, chainID, provider string, change func(uint64) (uint64, error)) error {
	for _, of := range []string{provider, ""} {
		v, err := k.unpaidOf(ctx, chainID, of)
		if err != nil {
			return err
		}
		if v, err = change(v); err != nil {
			return err
		}
		key := collections.Join(chainID, of)
		if v == 0 {
			err = k.unpaid.Remove(ctx, key)
		} else {
			err = k.unpaid.Set(ctx, key, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pay moves the coins: fee to the fee collector, the rest to the provider.
func (k *Keeper) pay(ctx sdk.Context, p types.Payout) error {
	provider, err := sdk.AccAddressFromBech32(p.Provider)
	if err != nil {
		return err
	}
	if p.Fee > 0 {
		if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, k.feeCollector, types.Coins(p.Fee)); err != nil {
			return err
		}
	}
	if p.Amount == p.Fee {
		return nil
	}
	return k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, provider, types.Coins(p.Amount-p.Fee))
}
