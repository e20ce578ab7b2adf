package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/issuance"
	"github.com/topnetwork/top/x/issuance/types"
)

// BeginBlock issues what is due since the block before, and pays it for that block's commit. The first block that it sees starts the clock.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	clock, err := k.clock.Get(ctx)
	if err != nil {
		return err
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime()
	var due uint64
	if !clock.Last.IsZero() {
		step := issuance.Step(clock.Last.UnixNano(), now.UnixNano(), params.MaxStep())
		if due, err = k.advance(ctx, params.Schedule(), &clock, step); err != nil {
			return err
		}
	}
	if clock.Last.Before(now) {
		clock.Last = now
	}
	if due > 0 {
		split, err := k.issue(ctx, params.Shares.Parts().Split(due))
		if err != nil {
			return err
		}
		clock.Split.Add(split)
		if err := k.record(ctx, params, split); err != nil {
			return err
		}
	}
	return k.clock.Set(ctx, clock)
}

// advance the clock and answer what is due.
func (k *Keeper) advance(ctx context.Context, schedule issuance.Schedule, clock *types.Clock, step uint64) (uint64, error) {
	year, ended, due := schedule.Advance(clock.Year.Rule(), clock.IssuedBefore, step)
	for _, y := range ended {
		clock.IssuedBefore += y.Utop
		if err := k.years.Set(ctx, y.Number, types.NewYear(y)); err != nil {
			return 0, err
		}
	}
	clock.Year = types.NewYear(year)
	if len(ended) == 0 {
		return due, nil
	}
	return due, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventYear{Year: clock.Year})
}

// issue mints the parts, pays members and their delegators through x/distribution, and leaves the rest to the community pool.
func (k *Keeper) issue(ctx context.Context, parts issuance.Parts) (types.Split, error) {
	split := types.Split{Community: parts.Community, Auditors: parts.Auditors, Edge: parts.Edge, Archive: parts.Archive}
	if err := k.bank.MintCoins(ctx, types.ModuleName, coins(parts.Sum())); err != nil {
		return split, err
	}
	due, err := k.due(ctx)
	if err != nil {
		return split, err
	}
	wages := issuance.Wages(parts.Miners, parts.Voters, due.members)
	for _, w := range wages {
		split.Miners += w.Work
		split.Voters += w.Dividend
	}
	split.Unearned = parts.Miners - split.Miners + parts.Voters - split.Voters
	if paid := split.Paid(); paid > 0 {
		if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, k.distribution, coins(paid)); err != nil {
			return split, err
		}
	}
	for i, w := range wages {
		if w.Work+w.Dividend == 0 {
			continue
		}
		if err := k.distr.AllocateTokensToValidator(ctx, due.validators[i], sdk.NewDecCoinsFromCoins(coins(w.Work+w.Dividend)...)); err != nil {
			return split, err
		}
	}
	if pool := split.Pool(); pool > 0 {
		if err := k.distr.FundCommunityPool(ctx, coins(pool), account); err != nil {
			return split, err
		}
	}
	return split, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventIssued{Utop: parts.Sum(), Split: split})
}
