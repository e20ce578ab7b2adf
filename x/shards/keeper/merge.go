package keeper

import (
	"context"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/shards/types"
)

// Merge lets two siblings become one.
func (k *Keeper) Merge(ctx context.Context, msg *types.MsgMerge) (*types.MsgMergeResponse, error) {
	if err := k.checkAuthority(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if len(msg.Shards) != 2 {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "%d shards, want two siblings", len(msg.Shards))
	}
	a, err := k.Shard(ctx, msg.Shards[0])
	if err != nil {
		return nil, err
	}
	b, err := k.Shard(ctx, msg.Shards[1])
	if err != nil {
		return nil, err
	}
	if err := k.checkPair(ctx, a, b); err != nil {
		return nil, err
	}
	child, err := k.merge(ctx, a, b)
	return &types.MsgMergeResponse{Child: child}, err
}

// checkPair: two active halves of one prefix, in one zone.
func (k *Keeper) checkPair(ctx context.Context, a, b types.Shard) error {
	for _, s := range []types.Shard{a, b} {
		if s.Status != types.Status_STATUS_ACTIVE {
			return errorsmod.Wrapf(types.ErrStatus, "%s is %s: active shards merge", s.Name, s.Status)
		}
	}
	if a.PrefixLen == 0 || a.Prefix().Sibling() != b.Prefix() {
		return errorsmod.Wrapf(types.ErrRefused, "%s and %s are no siblings: want two whose bits differ in the last one alone", a.Name, b.Name)
	}
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return err
	}
	if a.PrefixLen <= table.ZoneBits {
		return errorsmod.Wrapf(types.ErrRefused, "%s and %s are zones of their own: zones do not merge", a.Name, b.Name)
	}
	return nil
}

// merge tells both to end; the one that forms goes on when both have.
func (k *Keeper) merge(ctx context.Context, a, b types.Shard) (string, error) {
	if b.PrefixBits < a.PrefixBits {
		a, b = b, a
	}
	child, err := k.form(ctx, a.Parent(), a.Name, b.Name)
	if err != nil {
		return "", err
	}
	for _, s := range []types.Shard{a, b} {
		s.Children = []string{child}
		if err := k.setStatus(ctx, s, types.Status_STATUS_MERGING, ""); err != nil {
			return "", err
		}
	}
	return child, nil
}

// endPair begins the one shard when both have ended.
func (k *Keeper) endPair(ctx context.Context, s types.Shard) error {
	child, err := k.Shard(ctx, s.Children[0])
	if err != nil {
		return err
	}
	var halves []types.Shard
	var committees []types.Committee
	for _, name := range child.Parents {
		half, err := k.Shard(ctx, name)
		if err != nil {
			return err
		}
		if half.Status != types.Status_STATUS_RETIRED {
			return nil
		}
		last, err := k.anchors.Get(ctx, name)
		if err != nil {
			return err
		}
		c, err := k.Committee(ctx, name, last.Term)
		if err != nil {
			return err
		}
		halves, committees = append(halves, half), append(committees, c)
	}
	root := lattice.NodeOf(lattice.Hash(halves[0].FinalRoot), lattice.Hash(halves[1].FinalRoot))
	if err := k.activate(ctx, child.Name, root[:], joint(committees[0].Members, committees[1].Members), []string{}); err != nil {
		return err
	}
	for _, parent := range child.Parents {
		if err := k.inherit(ctx, parent, child.Name); err != nil {
			return err
		}
	}
	return k.reroute(ctx, child.Parents, []string{child.Name})
}

// joint committee of two, as large as the larger: first who sits in both and has all accounts already, then the others of each in turn.
func joint(a, b []types.Member) []types.Member {
	seats := max(len(a), len(b))
	var members []types.Member
	take := func(m types.Member) {
		// Keys may differ where one of them is of an earlier term; an operator sits once.
		if len(members) < seats && !slices.ContainsFunc(members, func(o types.Member) bool { return o.Operator == m.Operator }) {
			members = append(members, m)
		}
	}
	for _, m := range a {
		if _, both := types.FindMember(b, m.Operator); both {
			take(m)
		}
	}
	for i := range seats {
		for _, from := range [][]types.Member{a, b} {
			if i < len(from) {
				take(from[i])
			}
		}
	}
	types.SortMembers(members)
	return members
}
