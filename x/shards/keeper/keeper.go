// Package keeper holds the state and rules of x/shards.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/shards/types"
)

var _ types.MsgServer = (*Keeper)(nil)

type (
	// termKey is (shard, term).
	termKey = collections.Pair[string, uint64]
	// headerKey is (shard, height).
	headerKey = collections.Pair[string, uint64]
	// auditorsKey is (zone, epoch).
	auditorsKey = collections.Pair[uint32, uint64]
	// workKey is (epoch, operator).
	workKey = collections.Pair[uint64, string]
)

// Keepers that x/shards asks.
type Keepers struct {
	Zones      types.ZonesKeeper
	Sortition  types.SortitionKeeper
	Committees types.CommitteesKeeper
	Staking    types.StakingKeeper
	Slashing   types.SlashingKeeper
	Reputation types.ReputationKeeper
	Epochs     types.EpochKeeper
	Bank       types.BankKeeper
	// Gate is the module whose account holds what shards hold.
	Gate string
}

// Keeper of x/shards.
type Keeper struct {
	Keepers
	authority string

	Schema     collections.Schema
	params     collections.Item[types.Params]
	shards     collections.Map[string, types.Shard]
	committees collections.Map[termKey, types.Committee]
	anchors    collections.Map[string, types.Anchor]
	audited    collections.Map[string, types.Audited]
	auditors   collections.Map[auditorsKey, types.Auditors]
	// headers that wait for auditors.
	headers collections.Map[headerKey, types.Header]
	loads   collections.Map[string, types.Load]
	works   collections.Map[workKey, types.Work]
	// generations that prefixes have reached, by their bits (protocol/trie.Bits).
	generations collections.Map[string, uint64]
	// progress of the elections that go on.
	progress collections.Item[types.Progress]
	// cursor is the place in the routing table of the shard that is tended next; where it begins does not matter.
	cursor collections.Item[uint64]
	// covered utop by shard, of what it has overdrawn.
	covered collections.Map[string, types.Covered]
}

// NewKeeper builds the keeper; authority is the account that governance acts with.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, keepers Keepers, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		Keepers: keepers, authority: authority,
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		shards:      collections.NewMap(sb, types.ShardsKey, "shards", collections.StringKey, codec.CollValue[types.Shard](cdc)),
		committees:  collections.NewMap(sb, types.CommitteesKey, "committees", collections.PairKeyCodec(collections.StringKey, collections.Uint64Key), codec.CollValue[types.Committee](cdc)),
		anchors:     collections.NewMap(sb, types.AnchorsKey, "anchors", collections.StringKey, codec.CollValue[types.Anchor](cdc)),
		audited:     collections.NewMap(sb, types.AuditedHeadersKey, "audited", collections.StringKey, codec.CollValue[types.Audited](cdc)),
		auditors:    collections.NewMap(sb, types.AuditorsKey, "auditors", collections.PairKeyCodec(collections.Uint32Key, collections.Uint64Key), codec.CollValue[types.Auditors](cdc)),
		headers:     collections.NewMap(sb, types.HeadersKey, "headers", collections.PairKeyCodec(collections.StringKey, collections.Uint64Key), codec.CollValue[types.Header](cdc)),
		loads:       collections.NewMap(sb, types.LoadsKey, "loads", collections.StringKey, codec.CollValue[types.Load](cdc)),
		works:       collections.NewMap(sb, types.WorksKey, "works", collections.PairKeyCodec(collections.Uint64Key, collections.StringKey), codec.CollValue[types.Work](cdc)),
		generations: collections.NewMap(sb, types.GenerationsKey, "generations", collections.StringKey, collections.Uint64Value),
		progress:    collections.NewItem(sb, types.ProgressKey, "progress", codec.CollValue[types.Progress](cdc)),
		cursor:      collections.NewItem(sb, types.CursorKey, "cursor", collections.Uint64Value),
		covered:     collections.NewMap(sb, types.CoveredKey, "covered", collections.StringKey, codec.CollValue[types.Covered](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Shard by its name.
func (k *Keeper) Shard(ctx context.Context, name string) (types.Shard, error) {
	s, err := k.shards.Get(ctx, name)
	if errors.Is(err, collections.ErrNotFound) {
		return s, errorsmod.Wrapf(types.ErrNotFound, "no shard is called %s (query shards shards)", name)
	}
	return s, err
}

// Committee of a shard's term; the newest of term 0.
func (k *Keeper) Committee(ctx context.Context, name string, term uint64) (types.Committee, error) {
	if term == 0 {
		s, err := k.Shard(ctx, name)
		if err != nil {
			return types.Committee{}, err
		}
		term = s.Term
	}
	c, err := k.committees.Get(ctx, collections.Join(name, term))
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "%s has no committee of term %d, or it is no longer kept", name, term)
	}
	return c, err
}

// Auditors of a zone that count in an epoch. ErrNotFound where none were ever drawn.
func (k *Keeper) Auditors(ctx context.Context, zone uint32, epoch uint64) (a types.Auditors, err error) {
	found := false
	err = k.auditors.Walk(ctx, collections.NewPrefixedPairRange[uint32, uint64](zone).EndInclusive(epoch).Descending(), func(_ auditorsKey, v types.Auditors) (bool, error) {
		a, found = v, true
		return true, nil
	})
	if err == nil && !found {
		err = errorsmod.Wrapf(types.ErrNotFound, "zone %d has no auditors in epoch %d", zone, epoch)
	}
	return a, err
}

// running is the term that signs the header after the newest that is anchored.
func (k *Keeper) running(ctx context.Context, name string) (uint64, error) {
	a, err := k.anchors.Get(ctx, name)
	if errors.Is(err, collections.ErrNotFound) {
		return 1, nil
	}
	return a.NextTerm, err
}

// epoch that goes on, and its length.
func (k *Keeper) epoch(ctx context.Context) (now, blocks uint64, err error) {
	if blocks, err = k.Epochs.EpochBlocks(ctx); err != nil {
		return 0, 0, err
	}
	return epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight(), blocks), blocks, nil
}

// devnet tells whether committees may be smaller than a public network's.
func (k *Keeper) devnet(ctx context.Context) (bool, error) {
	_, devnet, err := k.Sortition.Sizes(ctx)
	return devnet, err
}

// UpdateParams replaces the parameters; only governance may.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	return &types.MsgUpdateParamsResponse{}, k.setParams(ctx, msg.Params)
}

func (k *Keeper) setParams(ctx context.Context, params types.Params) error {
	devnet, err := k.devnet(ctx)
	if err != nil {
		return err
	}
	if err := params.Validate(devnet); err != nil {
		return err
	}
	return k.params.Set(ctx, params)
}

// checkAuthority of who splits, merges, freezes and restarts: governance, and on a devnet its steward.
func (k *Keeper) checkAuthority(ctx context.Context, who string) error {
	if who == k.authority {
		return nil
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	devnet, err := k.devnet(ctx)
	if err != nil {
		return err
	}
	if devnet && params.Steward != "" && who == params.Steward {
		return nil
	}
	return errorsmod.Wrapf(types.ErrUnauthorized, "%s may not: governance does (tx gov submit-proposal), on a devnet its steward too", who)
}

// attempt runs what one item of many does: what fails leaves no trace, and is told.
func attempt(ctx context.Context, do func(ctx context.Context) error) error {
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := do(cached); err != nil {
		return err
	}
	write()
	return nil
}
