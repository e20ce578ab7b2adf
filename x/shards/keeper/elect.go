package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/shards/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// electedPerBlock caps the committees that one block draws.
const electedPerBlock = 16

// continueElections draws who sits and audits in the next epoch, zone by zone: auditors beside everyone who sits in one of the zone's shards, then the shards beside the new auditors
// (protocol/sortition.Zone). An election that cannot be held leaves everyone where it is.
func (k *Keeper) continueElections(ctx context.Context, table zonestypes.RoutingTable) error {
	progress, err := k.progress.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	from, err := k.pool(ctx, progress.Epoch)
	if errors.Is(err, sortitiontypes.ErrNotFound) {
		return k.progress.Remove(ctx)
	}
	if err != nil {
		return err
	}
	for range electedPerBlock {
		if progress.Zone >= table.Zones() {
			return k.progress.Remove(ctx)
		}
		if err := k.electNext(ctx, table, from, &progress); err != nil {
			return err
		}
	}
	return k.progress.Set(ctx, progress)
}

// electNext draws one committee and goes on to the next.
func (k *Keeper) electNext(ctx context.Context, table zonestypes.RoutingTable, from pool, progress *types.Progress) error {
	shards, err := k.shardsOf(ctx, table, progress.Zone)
	if err != nil {
		return err
	}
	log := func(what string, err error) {
		if err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("election not held, members sit on", "module", types.ModuleName, "committee", what, "epoch", progress.Epoch, "error", err)
		}
	}
	switch {
	case !progress.AuditorsDrawn:
		log("auditors", attempt(ctx, func(ctx context.Context) error { return k.electAuditors(ctx, progress.Zone, shards, from) }))
		progress.AuditorsDrawn = true
	case int(progress.Done) < len(shards):
		s := shards[progress.Done]
		log(s.Name, attempt(ctx, func(ctx context.Context) error { return k.electShard(ctx, s, from) }))
		progress.Done++
	default:
		progress.Zone, progress.Done, progress.AuditorsDrawn = progress.Zone+1, 0, false
	}
	return nil
}

// shardsOf a zone that are in the routing table, in its order.
func (k *Keeper) shardsOf(ctx context.Context, table zonestypes.RoutingTable, zone uint32) ([]types.Shard, error) {
	var shards []types.Shard
	for _, r := range table.Routes {
		s, err := k.Shard(ctx, r.Name)
		if err != nil {
			return nil, err
		}
		if s.Zone == zone {
			shards = append(shards, s)
		}
	}
	return shards, nil
}

// electShard draws the committee of an active shard. One that ends keeps the members that it was told to end with.
func (k *Keeper) electShard(ctx context.Context, s types.Shard, from pool) error {
	if s.Status != types.Status_STATUS_ACTIVE {
		return nil
	}
	before, err := k.Committee(ctx, s.Name, 0)
	if err != nil || before.Epoch >= from.epoch {
		return err
	}
	exclude, err := k.auditing(ctx, s.Zone, from.epoch)
	if err != nil {
		return err
	}
	c, err := k.size(ctx, s.Name, from.beside(exclude))
	if err != nil {
		return err
	}
	c.Sitting = types.Operators(before.Members)
	out, err := from.draw(c, exclude)
	if err != nil {
		return err
	}
	return k.begin(ctx, s, before, types.Committee{
		Epoch: from.epoch, Members: from.seat(out.Members, before.Members), Standbys: out.Standbys, Seats: uint32(max(c.Size, len(out.Members))),
	})
}

// size of a shard's committee, where so many can be drawn. A devnet has as many members as there are.
func (k *Keeper) size(ctx context.Context, name string, eligible int) (sortition.Committee, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return sortition.Committee{}, err
	}
	devnet, err := k.devnet(ctx)
	if err != nil {
		return sortition.Committee{}, err
	}
	c := sortition.Committee{Name: name, Size: int(params.Members), Standbys: int(params.Standbys)}
	if devnet {
		c.Size = max(1, min(c.Size, eligible))
	}
	return c, nil
}

// auditing are the operators that audit a zone in an epoch.
func (k *Keeper) auditing(ctx context.Context, zone uint32, epoch uint64) ([]string, error) {
	a, err := k.Auditors(ctx, zone, epoch)
	if errors.Is(err, types.ErrNotFound) {
		return nil, nil
	}
	return types.Operators(a.Members), err
}

// begin a term of a shard, if it has other members than the one before; standbys alone are noted.
func (k *Keeper) begin(ctx context.Context, s types.Shard, before, next types.Committee) error {
	if before.Same(next.Members) && before.Epoch <= next.Epoch {
		before.Standbys, before.Seats = next.Standbys, next.Seats
		return k.committees.Set(ctx, collections.Join(s.Name, before.Term), before)
	}
	next.Term = before.Term + 1
	if err := k.open(ctx, &s, next); err != nil {
		return err
	}
	was, is := types.Operators(before.Members), types.Operators(next.Members)
	event := &types.EventElected{Shard: s.Name, Term: next.Term, Epoch: next.Epoch, Joined: without(is, was), Left: without(was, is)}
	if err := sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event); err != nil {
		return err
	}
	return k.prune(ctx, s)
}

// open a term: who sits in it is watched from now on.
func (k *Keeper) open(ctx context.Context, s *types.Shard, c types.Committee) error {
	now := sdk.UnwrapSDKContext(ctx)
	c.Shard, c.DecidedHeight, c.DecidedTime, c.ValidatorsHash = s.Name, now.BlockHeight(), now.BlockTime(), types.SetOf(c.Members).Hash()
	if c.Term == 1 {
		c.FirstHeight = 1
	}
	if c.Standbys == nil {
		c.Standbys = []string{}
	}
	if err := c.Validate(); err != nil {
		return err
	}
	for _, m := range c.Members {
		if err := k.Committees.Watch(ctx, m.Operator); err != nil {
			return err
		}
	}
	if err := k.committees.Set(ctx, collections.Join(s.Name, c.Term), c); err != nil {
		return err
	}
	s.Term = c.Term
	return k.shards.Set(ctx, s.Name, *s)
}

// without answers the names of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return slices.Contains(b, name) })
}
