package keeper

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/lattice/types"
)

// closeBooks in the last block of a shard that is to become one with its sibling: it says of every other shard how far it took from it. It may not live to hear that one is frozen, and whoever goes on from that has to know (docs/adr/025).
// Where a shard splits, its children take on at once and say so themselves.
func (k *Keeper) closeBooks(ctx sdk.Context) error {
	final, err := k.FinalHeight(ctx)
	if err != nil || final != uint64(ctx.BlockHeight()) {
		return err
	}
	if merges, err := k.Merges(ctx); err != nil || !merges {
		return err
	}
	// What a frozen shard took since its audited block does not count.
	if frozen, err := k.Frozen(ctx); err != nil || frozen {
		return err
	}
	sources, err := k.sources(ctx)
	if err != nil {
		return err
	}
	for _, source := range sources {
		standing, err := k.standing(ctx, source)
		if err != nil {
			return err
		}
		if standing.Ended {
			continue
		}
		if standing.Taken, err = k.taken(ctx, source); err != nil {
			return err
		}
		standing.Closed = true
		if err := k.Standings.Set(ctx, source, standing); err != nil {
			return err
		}
	}
	return nil
}

// sources that the shard has taken from, or might have: all other shards of the table and all that were, in the order of their names.
func (k *Keeper) sources(ctx sdk.Context) ([]string, error) {
	routing, err := k.routing(ctx)
	if err != nil {
		return nil, err
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, r := range routing.Routes {
		names[r.Name] = true
	}
	if err := k.Inboxes.Walk(ctx, nil, func(name string, _ types.Inbox) (bool, error) {
		source, _, _ := strings.Cut(name, ">")
		names[source] = true
		return false, nil
	}); err != nil {
		return nil, err
	}
	delete(names, ctx.ChainID())
	delete(names, main)
	return slices.Sorted(maps.Keys(names)), nil
}
