package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/shards/types"
)

// fines marks a context in which members of shards are slashed.
type fines struct{}

// fining is a context in which x/staking does not burn what it slashes (Fines).
func fining(ctx sdk.Context) context.Context { return ctx.WithValue(fines{}, true) }

// Fines tells whether what is slashed is for what was signed in a shard: it goes to this module's account, and pays what shards have overdrawn.
func Fines(ctx context.Context) bool { return ctx.Value(fines{}) != nil }

// fined utop that have paid for nothing yet.
func (k *Keeper) fined(ctx context.Context) math.Int {
	return k.Bank.GetBalance(ctx, authtypes.NewModuleAddress(types.ModuleName), sendtx.Utop).Amount
}

// Fines in utop of all members of a shard that sit, were all of them guilty today. Who was punished pays no more.
func (k *Keeper) Fines(ctx context.Context, shard string) (math.Int, error) {
	sum := math.ZeroInt()
	c, err := k.Committee(ctx, shard, 0)
	if err != nil {
		return sum, err
	}
	fraction, err := k.Slashing.SlashFractionDoubleSign(ctx)
	if err != nil {
		return sum, err
	}
	for _, m := range c.Members {
		v, err := k.Staking.GetValidatorByConsAddr(ctx, m.ConsAddress())
		if errors.Is(err, stakingtypes.ErrNoValidatorFound) || k.Slashing.IsTombstoned(ctx, m.ConsAddress()) {
			continue
		}
		if err != nil {
			return sum, err
		}
		sum = sum.Add(fraction.MulInt(v.Tokens).TruncateInt())
	}
	return sum, nil
}

// Covered utop of what all shards have overdrawn.
func (k *Keeper) Covered(ctx context.Context) (math.Int, error) {
	sum := math.ZeroInt()
	err := k.covered.Walk(ctx, nil, func(_ string, c types.Covered) (bool, error) {
		sum = sum.Add(c.Utop)
		return false, nil
	})
	return sum, err
}

func (k *Keeper) coveredOf(ctx context.Context, shard string) (math.Int, error) {
	c, err := k.covered.Get(ctx, shard)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	return c.Utop, err
}

func (k *Keeper) setCovered(ctx context.Context, shard string, utop math.Int) error {
	if utop.IsZero() {
		return k.covered.Remove(ctx, shard)
	}
	return k.covered.Set(ctx, shard, types.Covered{Shard: shard, Utop: utop})
}

// coverAudited pays what a shard has overdrawn, as the head says that its auditors have confirmed. One that has ended has left that to who goes on from it. What cannot be paid does not keep it from being audited.
func (k *Keeper) coverAudited(ctx context.Context, s types.Shard, h types.Header) error {
	if h.Overdrawn == nil || !s.Runs() {
		return nil
	}
	if err := attempt(ctx, func(ctx context.Context) error { return k.cover(ctx, s.Name, *h.Overdrawn) }); err != nil {
		sdk.UnwrapSDKContext(ctx).Logger().Error("overdrawn coins not covered", "module", types.ModuleName, "shard", s.Name, "overdrawn", h.Overdrawn, "error", err)
	}
	return nil
}

// cover what a shard has overdrawn as far as fines go: the gate's account then holds what all accounts of shards hold. What is not overdrawn any more, for it came again or stands in another child, comes back.
func (k *Keeper) cover(ctx context.Context, shard string, overdrawn math.Int) error {
	before, err := k.coveredOf(ctx, shard)
	if err != nil {
		return err
	}
	after := math.MinInt(overdrawn, before.Add(k.fined(ctx)))
	coins := func(utop math.Int) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(sendtx.Utop, utop)) }
	switch {
	case after.Equal(before):
		return nil
	case after.GT(before):
		err = k.Bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, k.Gate, coins(after.Sub(before)))
	default:
		err = k.Bank.SendCoinsFromModuleToModule(ctx, k.Gate, types.ModuleName, coins(before.Sub(after)))
	}
	if err != nil {
		return err
	}
	if err := k.setCovered(ctx, shard, after); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventCovered{Shard: shard, Overdrawn: overdrawn.String(), Covered: after.String()})
}

// inherit what was covered of a shard with what it has overdrawn. Of two children the first one does: what stands in the other is paid when it says so, and has come back then or comes back later.
func (k *Keeper) inherit(ctx context.Context, from, heir string) error {
	utop, err := k.coveredOf(ctx, from)
	if err != nil || utop.IsZero() {
		return err
	}
	has, err := k.coveredOf(ctx, heir)
	if err != nil {
		return err
	}
	return errors.Join(k.setCovered(ctx, from, math.ZeroInt()), k.setCovered(ctx, heir, has.Add(utop)))
}
