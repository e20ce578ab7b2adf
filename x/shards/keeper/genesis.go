package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// InitGenesis stores the genesis, after those of x/zones, x/staking, x/genutil, x/sortition and x/committees. Without recorded shards the network's begin here.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := k.setParams(ctx, gs.Params); err != nil {
		return err
	}
	table, err := k.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		if len(gs.Shards) > 0 || len(gs.Committees) > 0 {
			return errorsmod.Wrap(types.ErrInvalid, "there are shards, and no routing table in x/zones: export both, or give neither")
		}
		return nil
	}
	if err != nil {
		return err
	}
	if len(gs.Shards) == 0 {
		return k.found(ctx, table, gs)
	}
	return errors.Join(k.importState(ctx, gs), k.checkRoutes(ctx, table))
}

// found the shards of the first routing table: with the committees that genesis gives, or drawn from x/staking's bonded validators.
func (k *Keeper) found(ctx context.Context, table zonestypes.RoutingTable, gs *types.GenesisState) error {
	from, err := k.founders(ctx, 0)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	given := map[string]types.Committee{}
	for _, c := range gs.Committees {
		given[c.Shard] = c
	}
	if len(given) > 0 && len(given) != len(table.Routes) || len(gs.Committees) != len(given) {
		return errorsmod.Wrapf(types.ErrInvalid, "there are %d committees for %d shards: give each its first one, or none", len(gs.Committees), len(table.Routes))
	}
	height := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight())
	now, _, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	for zone := range table.Zones() {
		var exclude []string
		for _, r := range table.Routes {
			if c, ok := given[r.Name]; ok && zoneOf(table, r) == zone {
				exclude = append(exclude, types.Operators(c.Members)...)
			}
		}
		most := from.beside(exclude)
		if len(given) == 0 {
			most -= int(params.Members)
		}
		if err := k.foundAuditors(ctx, zone, from, gs.Auditors, exclude, most); err != nil {
			return err
		}
		for _, r := range table.Routes {
			if zoneOf(table, r) != zone {
				continue
			}
			named, err := trie.ParseName(r.Name)
			if err != nil {
				return errorsmod.Wrap(types.ErrInvalid, err.Error())
			}
			s := types.NewShard(named, height-1, now)
			s.Status = types.Status_STATUS_ACTIVE
			if err := k.foundShard(ctx, s, from, given[r.Name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func zoneOf(table zonestypes.RoutingTable, r zonestypes.Route) uint32 {
	zone, err := trie.ZoneOf(r.Prefix(), uint8(table.ZoneBits))
	if err != nil {
		// x/zones has checked the table.
		panic(err)
	}
	return zone
}

func (k *Keeper) foundAuditors(ctx context.Context, zone uint32, from pool, given []types.Auditors, exclude []string, most int) error {
	if i := slices.IndexFunc(given, func(a types.Auditors) bool { return a.Zone == zone }); i >= 0 {
		return k.auditors.Set(ctx, collections.Join(zone, given[i].Epoch), given[i])
	}
	return k.drawAuditors(ctx, zone, from, nil, exclude, most)
}

func (k *Keeper) foundShard(ctx context.Context, s types.Shard, from pool, given types.Committee) error {
	if err := k.countGeneration(ctx, s); err != nil {
		return err
	}
	if given.Term > 0 {
		if given.Term != 1 {
			return errorsmod.Wrapf(types.ErrInvalid, "%s begins with a committee of term %d, want 1", s.Name, given.Term)
		}
		return k.open(ctx, &s, given)
	}
	exclude, err := k.auditing(ctx, s.Zone, from.epoch)
	if err != nil {
		return err
	}
	c, err := k.size(ctx, s.Name, from.beside(exclude))
	if err != nil {
		return err
	}
	out, err := from.draw(c, exclude)
	if err != nil {
		return errorsmod.Wrapf(types.ErrInvalid, "the first committee of %s: %s", s.Name, err)
	}
	return k.open(ctx, &s, types.Committee{Term: 1, Epoch: from.epoch, Members: from.seat(out.Members, nil), Standbys: out.Standbys, Seats: uint32(len(out.Members))})
}

func (k *Keeper) importState(ctx context.Context, gs *types.GenesisState) error {
	for _, s := range gs.Shards {
		if err := errors.Join(k.shards.Set(ctx, s.Name, s), k.countGeneration(ctx, s)); err != nil {
			return err
		}
	}
	for _, c := range gs.Committees {
		if err := k.committees.Set(ctx, collections.Join(c.Shard, c.Term), c); err != nil {
			return err
		}
	}
	for _, a := range gs.Auditors {
		if err := k.auditors.Set(ctx, collections.Join(a.Zone, a.Epoch), a); err != nil {
			return err
		}
	}
	for _, a := range gs.Anchors {
		if err := k.anchors.Set(ctx, a.Shard, a); err != nil {
			return err
		}
	}
	for _, a := range gs.Audited {
		if err := k.audited.Set(ctx, a.Shard, a); err != nil {
			return err
		}
	}
	for _, h := range gs.Headers {
		if err := k.headers.Set(ctx, collections.Join(h.Shard, h.Height), h); err != nil {
			return err
		}
	}
	for _, l := range gs.Loads {
		if err := k.loads.Set(ctx, l.Shard, l); err != nil {
			return err
		}
	}
	for _, w := range gs.Works {
		if err := k.works.Set(ctx, collections.Join(w.Epoch, w.Operator), w); err != nil {
			return err
		}
	}
	for _, c := range gs.Covered {
		if err := k.covered.Set(ctx, c.Shard, c); err != nil {
			return err
		}
	}
	if gs.Progress != nil {
		return k.progress.Set(ctx, *gs.Progress)
	}
	return nil
}

// countGeneration of a shard's prefix: the next one is higher.
func (k *Keeper) countGeneration(ctx context.Context, s types.Shard) error {
	last, err := k.generations.Get(ctx, trie.Bits(s.Prefix()))
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.generations.Set(ctx, trie.Bits(s.Prefix()), max(last, s.Generation))
}
