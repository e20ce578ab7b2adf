package keeper

import (
	"context"
	"errors"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/committees/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// effective is how many blocks after the one that tells CometBFT of members they vote.
const effective = 2

// EndBlock answers what CometBFT has to be told: the difference between the committee that it was told last and the one that shall sit. No other part of the chain returns
// validator updates.
func (k *Keeper) EndBlock(ctx context.Context) ([]abci.ValidatorUpdate, error) {
	c, err := k.committee.Get(ctx)
	if err != nil {
		return nil, err
	}
	before := c.Members
	if err := k.applyElection(ctx, &c); err != nil {
		return nil, err
	}
	if err := k.fill(ctx, &c); err != nil {
		return nil, err
	}
	updates := types.Updates(before, c.Members)
	if len(updates) > 0 {
		if err := k.beginTerm(ctx, before, &c); err != nil {
			return nil, err
		}
	}
	if err := k.committee.Set(ctx, c); err != nil {
		return nil, err
	}
	if err := k.recordTouched(ctx); err != nil {
		return nil, err
	}
	return updates, k.prune(ctx, c.Epoch)
}

// applyElection takes the election of an epoch up at its first block. Where there is none, or none that could be held, everyone sits on; the latter gives lost seats back that are vacant.
func (k *Keeper) applyElection(ctx context.Context, c *types.Committee) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	now := epoch.At(height, blocks)
	if height != epoch.First(now, blocks) {
		return nil
	}
	c.Epoch = now
	e, err := k.sortition.Election(ctx, now)
	if errors.Is(err, sortitiontypes.ErrNotFound) {
		return nil
	}
	if err != nil || len(e.Members) == 0 {
		return err
	}
	if e.Kept {
		c.Line = types.NewLine(c.Line.Rule().Kept(e.Members, e.Standbys))
		return nil
	}
	c.Line = types.Line{Seats: uint32(len(e.Members)), Members: e.Members, Standbys: e.Standbys}
	return nil
}

// fill seats who shall sit now.
func (k *Keeper) fill(ctx context.Context, c *types.Committee) error {
	found := map[string]types.Member{}
	var failed error
	next, line := c.Line.Rule().Fill(nil, func(operator string) bool {
		m, whyNot, err := k.able(ctx, operator)
		failed = errors.Join(failed, err)
		found[operator] = m
		return err == nil && whyNot == ""
	})
	if failed != nil {
		return failed
	}
	if len(next) == 0 {
		sdk.UnwrapSDKContext(ctx).Logger().Error("nobody who is elected is able to sit, members sit on", "module", types.ModuleName, "epoch", c.Epoch)
		return nil
	}
	members := make([]types.Member, len(next))
	for i, operator := range next {
		members[i] = found[operator]
	}
	types.SortMembers(members)
	c.Members, c.Line = members, types.NewLine(line)
	return nil
}

// beginTerm notes that CometBFT is told of other members, and prepares those who join.
func (k *Keeper) beginTerm(ctx context.Context, before []types.Member, c *types.Committee) error {
	s := sdk.UnwrapSDKContext(ctx)
	c.FirstHeight = s.BlockHeight() + effective
	joined := types.Without(c.Members, before)
	for _, m := range joined {
		if err := k.resetAbsence(ctx, m.ConsAddress(), c.FirstHeight); err != nil {
			return err
		}
		if err := k.recordTokens(ctx, m.Operator); err != nil {
			return err
		}
	}
	if err := k.terms.Set(ctx, c.FirstHeight, types.Term{FirstHeight: c.FirstHeight, Epoch: c.Epoch, Decided: s.BlockTime(), Members: c.Members}); err != nil {
		return err
	}
	return s.EventManager().EmitTypedEvent(&types.EventTerm{
		FirstHeight: c.FirstHeight, Epoch: c.Epoch, Members: uint64(len(c.Members)),
		Joined: types.Operators(joined), Left: types.Operators(types.Without(before, c.Members)),
	})
}

// resetAbsence lets x/slashing count anew from a member's first height on: blocks that it missed in an earlier term must not jail it in this one.
func (k *Keeper) resetAbsence(ctx context.Context, addr sdk.ConsAddress, first int64) error {
	info, err := k.slashing.GetValidatorSigningInfo(ctx, addr)
	if errors.Is(err, slashingtypes.ErrNoSigningInfoFound) {
		info = slashingtypes.NewValidatorSigningInfo(addr, first, 0, time.Unix(0, 0), false, 0)
	} else if err != nil {
		return err
	}
	info.StartHeight, info.IndexOffset, info.MissedBlocksCounter = first, 0, 0
	if err := k.slashing.DeleteMissedBlockBitmap(ctx, addr); err != nil {
		return err
	}
	return k.slashing.SetValidatorSigningInfo(ctx, addr, info)
}
