package keeper

import (
	"context"
	"errors"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// Invariants checks that the state is a valid genesis, that every route leads to a shard which has its accounts, and that no auditor of the newest draw sits in a shard that it audits.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	table, err := k.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		if len(gs.Shards) > 0 {
			return errorsmod.Wrap(types.ErrInvariant, "there are shards, and no routing table")
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.checkRoutes(ctx, table); err != nil {
		return err
	}
	return k.checkDisjoint(ctx, table)
}

// checkRoutes: a shard that has accounts is in the routing table, and nobody else; one of a pair that merges stays there until both have ended.
func (k *Keeper) checkRoutes(ctx context.Context, table zonestypes.RoutingTable) error {
	routed := map[string]bool{}
	for _, r := range table.Routes {
		routed[r.Name] = true
		s, err := k.Shard(ctx, r.Name)
		if err != nil {
			return errorsmod.Wrap(types.ErrInvariant, err.Error())
		}
		if s.Prefix() != r.Prefix() || s.Status == types.Status_STATUS_FORMING || s.Status == types.Status_STATUS_RETIRED && len(s.Children) != 1 {
			return errorsmod.Wrapf(types.ErrInvariant, "the route of bits %s leads to %s, which is %s with bits %s", trie.Bits(r.Prefix()), s.Name, s.Status, trie.Bits(s.Prefix()))
		}
	}
	return k.shards.Walk(ctx, nil, func(name string, s types.Shard) (bool, error) {
		if (s.Runs() || s.Status == types.Status_STATUS_FROZEN) && !routed[name] {
			return true, errorsmod.Wrapf(types.ErrInvariant, "%s is %s, and no route leads to it", name, s.Status)
		}
		return false, nil
	})
}

// checkDisjoint holds committees against the auditors that were drawn for the same epoch, or before.
func (k *Keeper) checkDisjoint(ctx context.Context, table zonestypes.RoutingTable) error {
	for _, r := range table.Routes {
		s, err := k.Shard(ctx, r.Name)
		if err != nil {
			return err
		}
		if s.Status != types.Status_STATUS_ACTIVE {
			continue
		}
		c, err := k.Committee(ctx, s.Name, 0)
		if err != nil {
			return err
		}
		auditing, err := k.auditing(ctx, s.Zone, c.Epoch)
		if err != nil {
			return err
		}
		for _, m := range c.Members {
			if slices.Contains(auditing, m.Operator) {
				return errorsmod.Wrapf(types.ErrInvariant, "%s sits in %s and audits zone %d", m.Operator, s.Name, s.Zone)
			}
		}
	}
	return nil
}
