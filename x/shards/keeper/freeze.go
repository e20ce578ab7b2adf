package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/shards/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// Freeze a shard by word of governance.
func (k *Keeper) Freeze(ctx context.Context, msg *types.MsgFreeze) (*types.MsgFreezeResponse, error) {
	if err := k.checkAuthority(ctx, msg.Authority); err != nil {
		return nil, err
	}
	s, err := k.Shard(ctx, msg.Shard)
	if err != nil {
		return nil, err
	}
	return &types.MsgFreezeResponse{}, k.freeze(ctx, s, msg.Reason)
}

// freeze a shard: it ends with its last audited block, and nothing above that counts.
func (k *Keeper) freeze(ctx context.Context, s types.Shard, reason string) error {
	if !s.Runs() {
		return errorsmod.Wrapf(types.ErrStatus, "%s is %s: a shard that runs can be frozen", s.Name, s.Status)
	}
	audited, err := k.audited.Get(ctx, s.Name)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.headers.Clear(ctx, collections.NewPrefixedPairRange[string, uint64](s.Name)); err != nil {
		return err
	}
	s.FinalHeight, s.FinalHash = audited.Height, audited.HeaderHash
	return k.setStatus(ctx, s, types.Status_STATUS_FROZEN, reason)
}

// Restart a frozen shard: its next generation goes on from the last audited block, with a committee that is drawn anew. One that was to split or merge does so then.
func (k *Keeper) Restart(ctx context.Context, msg *types.MsgRestart) (*types.MsgRestartResponse, error) {
	if err := k.checkAuthority(ctx, msg.Authority); err != nil {
		return nil, err
	}
	s, err := k.Shard(ctx, msg.Shard)
	if err != nil {
		return nil, err
	}
	if s.Status != types.Status_STATUS_FROZEN {
		return nil, errorsmod.Wrapf(types.ErrStatus, "%s is %s: a frozen shard is restarted", s.Name, s.Status)
	}
	if s.FinalHeight == 0 {
		return nil, errorsmod.Wrapf(types.ErrStatus, "%s was frozen before any of its blocks was audited: there is no state to go on from", s.Name)
	}
	name, err := k.form(ctx, s.Prefix(), s.Name)
	if err != nil {
		return nil, err
	}
	members, standbys, err := k.drawNew(ctx, s.Zone, name)
	if err != nil {
		return nil, err
	}
	if err := k.activate(ctx, name, nil, members, standbys); err != nil {
		return nil, err
	}
	if err := errors.Join(k.bequeath(ctx, s, name), k.inherit(ctx, s.Name, name)); err != nil {
		return nil, err
	}
	s.Children = []string{name}
	if err := k.setStatus(ctx, s, types.Status_STATUS_RETIRED, s.Reason); err != nil {
		return nil, err
	}
	return &types.MsgRestartResponse{Child: name}, k.reroute(ctx, []string{s.Name}, []string{name})
}

// bequeath what a frozen shard was to become: the next generation ends in its place.
func (k *Keeper) bequeath(ctx context.Context, s types.Shard, heir string) error {
	if len(s.Children) == 0 {
		return nil
	}
	for _, name := range s.Children {
		child, err := k.Shard(ctx, name)
		if err != nil {
			return err
		}
		for i, parent := range child.Parents {
			if parent == s.Name {
				child.Parents[i] = heir
			}
		}
		if err := k.shards.Set(ctx, name, child); err != nil {
			return err
		}
	}
	next, err := k.Shard(ctx, heir)
	if err != nil {
		return err
	}
	next.Children = s.Children
	status := types.Status_STATUS_SPLITTING
	if len(s.Children) == 1 {
		status = types.Status_STATUS_MERGING
	}
	return k.setStatus(ctx, next, status, "")
}

// drawNew committee of a shard, as a whole: from what the next epoch's elections are drawn from, or this one's, or, before there were any, from who is bonded.
func (k *Keeper) drawNew(ctx context.Context, zone uint32, name string) ([]types.Member, []string, error) {
	now, _, err := k.epoch(ctx)
	if err != nil {
		return nil, nil, err
	}
	from, err := k.pool(ctx, now+1)
	if errors.Is(err, sortitiontypes.ErrNotFound) {
		from, err = k.pool(ctx, now)
	}
	if errors.Is(err, sortitiontypes.ErrNotFound) {
		from, err = k.founders(ctx, now)
	}
	if err != nil {
		return nil, nil, err
	}
	var exclude []string
	for _, e := range []uint64{now, now + 1} {
		auditing, err := k.auditing(ctx, zone, e)
		if err != nil {
			return nil, nil, err
		}
		exclude = append(exclude, auditing...)
	}
	c, err := k.size(ctx, name, from.beside(exclude))
	if err != nil {
		return nil, nil, err
	}
	out, err := from.draw(c, exclude)
	if err != nil {
		return nil, nil, errorsmod.Wrapf(types.ErrRefused, "a committee of %s cannot be drawn in block %d: %s", name, sdk.UnwrapSDKContext(ctx).BlockHeight(), err)
	}
	return from.seat(out.Members, nil), out.Standbys, nil
}
