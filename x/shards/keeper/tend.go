package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// tendedPerBlock caps the shards that one block looks after.
const tendedPerBlock = 4

// BeginBlock goes on with elections and looks after some shards. On a network without shards it does nothing.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	table, err := k.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now, blocks, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	if sdk.UnwrapSDKContext(ctx).BlockHeight() == epoch.First(now, blocks) {
		if err := k.progress.Set(ctx, types.Progress{Epoch: now + 1}); err != nil {
			return err
		}
	}
	if err := k.continueElections(ctx, table); err != nil {
		return err
	}
	if err := k.rate(ctx, now); err != nil {
		return err
	}
	return k.tendSome(ctx, table, now)
}

// tendSome shards, in turn.
func (k *Keeper) tendSome(ctx context.Context, table zonestypes.RoutingTable, now uint64) error {
	at, err := k.cursor.Get(ctx)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	count := uint64(len(table.Routes))
	for range min(tendedPerBlock, count) {
		name := table.Routes[at%count].Name
		at = (at + 1) % count
		// One shard's trouble is not the others'.
		if err := attempt(ctx, func(ctx context.Context) error { return k.tend(ctx, name, now) }); err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("shard not looked after", "module", types.ModuleName, "shard", name, "error", err)
		}
	}
	return k.cursor.Set(ctx, at)
}

// tend a shard: freeze it where no header comes, replace members that cannot sit, split or merge it by its load.
func (k *Keeper) tend(ctx context.Context, name string, now uint64) error {
	s, err := k.Shard(ctx, name)
	if err != nil || !s.Runs() {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	last, err := k.lastAnchor(ctx, name)
	if err != nil {
		return err
	}
	if heard := max(last.MainEpoch, s.SinceEpoch); params.StallEpochs > 0 && now > heard+uint64(params.StallEpochs) {
		return k.freeze(ctx, s, "no header of it was anchored for too long")
	}
	if s.Status != types.Status_STATUS_ACTIVE {
		return nil
	}
	if err := k.replace(ctx, s, now); err != nil {
		return err
	}
	l, err := k.load(ctx, name)
	if err != nil {
		return err
	}
	if err := k.loads.Set(ctx, name, l); err != nil {
		return err
	}
	return k.resize(ctx, name, params, l, now)
}

// replace members that cannot sit any more by standbys, in order: with a new term.
func (k *Keeper) replace(ctx context.Context, s types.Shard, now uint64) error {
	before, err := k.Committee(ctx, s.Name, 0)
	if err != nil {
		return err
	}
	auditing, err := k.auditing(ctx, s.Zone, max(now, before.Epoch))
	if err != nil {
		return err
	}
	found := map[string]types.Member{}
	var failed error
	line := committee.Line{Seats: int(before.Seats), Members: types.Operators(before.Members), Standbys: without(before.Standbys, auditing)}
	sit, rest := line.Fill(line.Members, func(operator string) bool {
		m, whyNot, err := k.Committees.Able(ctx, operator)
		failed = errors.Join(failed, err)
		found[operator] = types.MemberOf(m)
		return err == nil && whyNot == ""
	})
	if failed != nil {
		return failed
	}
	members := make([]types.Member, 0, len(sit))
	for _, operator := range sit {
		members = append(members, found[operator])
	}
	types.SortMembers(members)
	if before.Same(members) || len(rest.Members) == 0 {
		return nil
	}
	return k.begin(ctx, s, before, types.Committee{Epoch: max(now, before.Epoch), Members: members, Standbys: rest.Standbys, Seats: before.Seats})
}

// resize a shard by its load.
func (k *Keeper) resize(ctx context.Context, name string, params types.Params, l types.Load, now uint64) error {
	// It may have another committee by now.
	s, err := k.Shard(ctx, name)
	if err != nil || now < s.SinceEpoch+uint64(params.MinEpochsBetween) {
		return err
	}
	if params.SplitLoad > 0 && l.High >= params.SplitEpochs && s.PrefixLen < params.MaxDepth {
		_, err := k.split(ctx, s)
		return err
	}
	if params.MergeLoad == 0 || l.Low < params.MergeEpochs {
		return nil
	}
	sibling, ok, err := k.routed(ctx, s.Prefix().Sibling())
	if err != nil || !ok || s.PrefixLen == 0 || now < sibling.SinceEpoch+uint64(params.MinEpochsBetween) {
		return err
	}
	other, err := k.load(ctx, sibling.Name)
	if err != nil || other.Low < params.MergeEpochs || other.LastTransfers+l.LastTransfers > params.MergeLoad {
		return err
	}
	if k.checkPair(ctx, s, sibling) != nil {
		return nil
	}
	_, err = k.merge(ctx, s, sibling)
	return err
}

// routed is the shard of exactly such a prefix; false where there is none.
func (k *Keeper) routed(ctx context.Context, p lattice.Prefix) (types.Shard, bool, error) {
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return types.Shard{}, false, err
	}
	for _, r := range table.Routes {
		if r.Prefix() == p {
			s, err := k.Shard(ctx, r.Name)
			return s, err == nil, err
		}
	}
	return types.Shard{}, false, nil
}
