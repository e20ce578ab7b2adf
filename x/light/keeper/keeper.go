// Package keeper holds what a shard knows of the main chain: headers that it trusts, and what is proven by them.
package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/light/types"
)

// Keeper of x/light.
type Keeper struct {
	schema  collections.Schema
	params  collections.Item[types.Params]
	headers collections.Map[int64, types.Header]
	frozen  collections.Item[types.Misbehaviour]
}

// NewKeeper builds the keeper.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		params:  collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		headers: collections.NewMap(sb, types.HeadersKey, "headers", collections.Int64Key, codec.CollValue[types.Header](cdc)),
		frozen:  collections.NewItem(sb, types.FrozenKey, "frozen", codec.CollValue[types.Misbehaviour](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Head is the newest header of the main chain that is trusted; ErrNoMainChain where there is none. A frozen client has one, too: nothing newer comes.
func (k *Keeper) Head(ctx context.Context) (h types.Header, err error) {
	if _, err := k.following(ctx); err != nil {
		return h, err
	}
	found := false
	err = k.headers.Walk(ctx, new(collections.Range[int64]).Descending(), func(_ int64, newest types.Header) (bool, error) {
		h, found = newest, true
		return true, nil
	})
	if err == nil && !found {
		err = errorsmod.Wrap(types.ErrInvariant, "there is a main chain and no header of it")
	}
	return h, err
}

// MainChain is the id of the chain that is followed; ErrNoMainChain where there is none.
func (k *Keeper) MainChain(ctx context.Context) (string, error) {
	p, err := k.following(ctx)
	return p.MainChainId, err
}

// Height of the newest header.
func (k *Keeper) Height(ctx context.Context) (int64, error) {
	h, err := k.Head(ctx)
	return h.Height, err
}

// Time of the newest header, in UTC.
func (k *Keeper) Time(ctx context.Context) (time.Time, error) {
	h, err := k.Head(ctx)
	return h.Time, err
}

// Epoch of the newest header's height, of epochs that have so many blocks of the main chain.
func (k *Keeper) Epoch(ctx context.Context, epochBlocks uint64) (uint64, error) {
	height, err := k.Height(ctx)
	if err != nil {
		return 0, err
	}
	return epoch.At(height, epochBlocks), nil
}

// Header of a height; ErrNotKept where it is not there.
func (k *Keeper) Header(ctx context.Context, height int64) (types.Header, error) {
	if _, err := k.following(ctx); err != nil {
		return types.Header{}, err
	}
	h, err := k.headers.Get(ctx, height)
	if errors.Is(err, collections.ErrNotFound) {
		return h, errorsmod.Wrapf(types.ErrNotKept, "header %d of the main chain; take one of a height that is kept, or bring it with an update", height)
	}
	return h, err
}

// Frozen is what froze the client, nil where nothing did.
func (k *Keeper) Frozen(ctx context.Context) (*types.Misbehaviour, error) {
	m, err := k.frozen.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, nil //nolint:nilnil // nothing froze it
	}
	return &m, err
}

// following parameters, of a shard that has a main chain.
func (k *Keeper) following(ctx context.Context) (types.Params, error) {
	p, err := k.params.Get(ctx)
	if err == nil && p.MainChainId == "" {
		err = errorsmod.Wrap(types.ErrNoMainChain, "this shard's genesis names none")
	}
	return p, err
}

// active parameters, of a client that is not frozen.
func (k *Keeper) active(ctx context.Context) (types.Params, error) {
	p, err := k.following(ctx)
	if err != nil {
		return p, err
	}
	m, err := k.Frozen(ctx)
	if err == nil && m != nil {
		err = errorsmod.Wrapf(types.ErrFrozen, "at height %d: %s; which of both is the main chain is for people to say, in a new genesis", m.Kept.Height, m.Reason)
	}
	return p, err
}
