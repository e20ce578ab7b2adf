// Package keeper holds the state and rules of x/zones.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/zones/types"
)

// Keeper of x/zones.
type Keeper struct {
	Schema  collections.Schema
	current collections.Item[types.RoutingTable]
	// tables by version, the current one included.
	tables collections.Map[uint64, types.RoutingTable]
}

// NewKeeper builds the keeper.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		current: collections.NewItem(sb, types.CurrentKey, "current", codec.CollValue[types.RoutingTable](cdc)),
		tables:  collections.NewMap(sb, types.TablesKey, "tables", collections.Uint64Key, codec.CollValue[types.RoutingTable](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Table that is current. ErrNotFound on a network without shards.
func (k *Keeper) Table(ctx context.Context) (types.RoutingTable, error) {
	t, err := k.current.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return t, errorsmod.Wrap(types.ErrNotFound, "this network has no shards, and so no routing table")
	}
	return t, err
}

// Replace the current table: a split, a merge, a restart. The zones stay.
func (k *Keeper) Replace(ctx context.Context, table trie.Table) (types.RoutingTable, error) {
	now, err := k.Table(ctx)
	if err != nil {
		return now, err
	}
	s := sdk.UnwrapSDKContext(ctx)
	next := types.RoutingTable{Version: now.Version + 1, SinceHeight: s.BlockHeight(), ZoneBits: now.ZoneBits, Routes: types.RoutesOf(table)}
	if err := next.Validate(); err != nil {
		return now, err
	}
	if err := k.set(ctx, next); err != nil {
		return now, err
	}
	// One comes, one goes.
	if next.Version > types.MaxTables {
		if err := k.tables.Remove(ctx, next.Version-types.MaxTables); err != nil {
			return now, err
		}
	}
	return next, s.EventManager().EmitTypedEvent(&types.EventTable{Version: next.Version, Shards: uint32(len(next.Routes))})
}

func (k *Keeper) set(ctx context.Context, t types.RoutingTable) error {
	return errors.Join(k.current.Set(ctx, t), k.tables.Set(ctx, t.Version, t))
}
