package keeper

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// fee of a payout in utop: bps ten-thousandths, rounded down, so that fee and rest always sum to the amount.
func fee(amount uint64, bps uint32) uint64 {
	high, low := bits.Mul64(amount, uint64(bps))
	q, _ := bits.Div64(high, low, 10_000)
	return q
}

// EndBlock pays what is due, at most max_payouts_per_block; the rest waits for the next block in the same order. A payout that fails is set aside and
// never stops the chain.
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
	return nil
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
	attempt, write := sdkCtx.CacheContext()
	if err := k.pay(attempt, p); err != nil {
		p.Status = types.PayoutStatus_PAYOUT_STATUS_HELD
		sdkCtx.Logger().Error("payout held", "chain", p.ChainId, "epoch", p.Epoch, "provider", p.Provider, "error", err)
		if err := k.payouts.Set(ctx, id, p); err != nil {
			return err
		}
		return emit(ctx, &types.EventPayoutHeld{ChainId: p.ChainId, Epoch: p.Epoch, Provider: p.Provider, Amount: p.Amount, Reason: err.Error()})
	}
	write()
	p.Status, p.PaidHeight = types.PayoutStatus_PAYOUT_STATUS_PAID, sdkCtx.BlockHeight()
	if err := k.payouts.Set(ctx, id, p); err != nil {
		return err
	}
	return emit(ctx, &types.EventPayoutPaid{ChainId: p.ChainId, Epoch: p.Epoch, Provider: p.Provider, Amount: p.Amount, Fee: p.Fee})
}

// pay moves the coins: fee to the fee collector, the rest to the provider. A panic below is this payout's failure, not the chain's.
func (k *Keeper) pay(ctx sdk.Context, p types.Payout) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
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
