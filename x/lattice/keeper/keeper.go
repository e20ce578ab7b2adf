// Package keeper is the chain's side of a shard's accounts: parameters, the head that commits them, queries. The accounts themselves are the engine's.
package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	"cosmossdk.io/math"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Keeper of x/lattice.
type Keeper struct {
	engine *engine.Engine
	main   MainChain

	Schema  collections.Schema
	Params  collections.Item[types.Params]
	Head    collections.Item[types.Head]
	Shard   collections.Item[types.Shard]
	Routing collections.Item[types.RoutingTable]
	// Outboxes by destination, Inboxes by source; Batches that wait, by destination and height.
	Outboxes collections.Map[string, types.Outbox]
	Batches  collections.Map[collections.Pair[string, uint64], []byte]
	// Hashes of them, for proofs.
	Hashes  collections.Map[collections.Pair[string, uint64], []byte]
	Inboxes collections.Map[string, types.Inbox]
	// Moved by denomination: what came from other ledgers less what left for them.
	Moved collections.Map[string, math.Int]
	// Members of ledgers by term, and the own Term that decides now.
	Members collections.Map[collections.Pair[string, uint64], types.Members]
	Term    collections.Item[uint64]
	// Standings of ledgers. Unaudited utop by source and height, and their sums by source. Confirmed cursors by destination and child.
	Standings     collections.Map[string, types.Standing]
	Unaudited     collections.Map[collections.Pair[string, uint64], uint64]
	UnauditedSums collections.Map[string, uint64]
	Confirmed     collections.Map[collections.Pair[string, string], types.Cursor]
	// Settlements with frozen parents, and what those have returned by ReturnID.
	Settlements collections.Map[string, types.Settlement]
	Returned    collections.Map[[]byte, types.Returned]
	// Overdrafts by account, while there are settlements.
	Overdrafts collections.Map[[]byte, types.Balance]
	// Debited is the height of the last block that has debited a batch. It says something in that block alone, so that it is in no genesis.
	Debited collections.Item[uint64]
	// Final height of the shard, where it ends.
	Final collections.Item[uint64]

	// routed is the version of the table that the engine names owners by.
	routed uint64
}

// MainChain is what the shard knows of it (x/light).
type MainChain interface {
	Update(ctx context.Context, now time.Time, u *lighttypes.Update) (frozen bool, err error)
	Proven(ctx context.Context, height int64, store string, key, value []byte, proof *cmtcrypto.ProofOps) error
	ProvenAbsent(ctx context.Context, height int64, store string, key []byte, proof *cmtcrypto.ProofOps) error
	Epoch(ctx context.Context, epochBlocks uint64) (uint64, error)
	MainChain(ctx context.Context) (string, error)
}

// NewKeeper builds the keeper around a shard's engine.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, e *engine.Engine, main MainChain) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		engine:  e,
		main:    main,
		Params:  collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		Head:    collections.NewItem(sb, types.HeadKey, "head", codec.CollValue[types.Head](cdc)),
		Shard:   collections.NewItem(sb, types.ShardKey, "shard", codec.CollValue[types.Shard](cdc)),
		Routing: collections.NewItem(sb, types.RoutingKey, "routing", codec.CollValue[types.RoutingTable](cdc)),

		Outboxes: collections.NewMap(sb, types.OutboxesKey, "outboxes", collections.StringKey, codec.CollValue[types.Outbox](cdc)),
		Batches:  collections.NewMap(sb, types.BatchesKey, "batches", types.BatchKeys, collections.BytesValue),
		Hashes:   collections.NewMap(sb, types.HashesKey, "hashes", types.BatchKeys, collections.BytesValue),
		Moved:    collections.NewMap(sb, types.MovedKey, "moved", collections.StringKey, sdk.IntValue),
		Inboxes:  collections.NewMap(sb, types.InboxesKey, "inboxes", collections.StringKey, codec.CollValue[types.Inbox](cdc)),
		Members:  collections.NewMap(sb, types.MembersKey, "members", collections.PairKeyCodec(collections.StringKey, collections.Uint64Key), codec.CollValue[types.Members](cdc)),
		Term:     collections.NewItem(sb, types.TermKey, "term", collections.Uint64Value),

		Standings:     collections.NewMap(sb, types.StandingsKey, "standings", collections.StringKey, codec.CollValue[types.Standing](cdc)),
		Unaudited:     collections.NewMap(sb, types.UnauditedKey, "unaudited", types.BatchKeys, collections.Uint64Value),
		UnauditedSums: collections.NewMap(sb, types.UnauditedSumsKey, "unaudited_sums", collections.StringKey, collections.Uint64Value),
		Confirmed:     collections.NewMap(sb, types.ConfirmedKey, "confirmed", collections.PairKeyCodec(collections.StringKey, collections.StringKey), codec.CollValue[types.Cursor](cdc)),
		Settlements:   collections.NewMap(sb, types.SettlementsKey, "settlements", collections.StringKey, codec.CollValue[types.Settlement](cdc)),
		Returned:      collections.NewMap(sb, types.ReturnedKey, "returned", collections.BytesKey, codec.CollValue[types.Returned](cdc)),
		Overdrafts:    collections.NewMap(sb, types.OverdraftsKey, "overdrafts", collections.BytesKey, codec.CollValue[types.Balance](cdc)),
		Debited:       collections.NewItem(sb, types.DebitedKey, "debited", collections.Uint64Value),
		Final:         collections.NewItem(sb, types.FinalKey, "final", collections.Uint64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Rules of the block that ctx is of.
func (k *Keeper) Rules(ctx sdk.Context) (lattice.Rules, error) {
	return k.rules(ctx, ctx.BlockHeight(), ctx.BlockTime())
}

func (k *Keeper) rules(ctx context.Context, height int64, at time.Time) (lattice.Rules, error) {
	params, err := k.Params.Get(ctx)
	if err != nil {
		return lattice.Rules{}, err
	}
	shard, err := k.Shard.Get(ctx)
	if err != nil {
		return lattice.Rules{}, err
	}
	rules := params.Rules(height, at, shard.Community())
	if rules.Ended, err = k.ended(ctx, height); err != nil {
		return rules, err
	}
	if rules.Settling, err = k.settling(ctx); err != nil {
		return rules, err
	}
	rules.Away, err = k.away(ctx)
	return rules, err
}

// FinalHeight of the shard; 0 where it goes on.
func (k *Keeper) FinalHeight(ctx context.Context) (uint64, error) {
	final, err := k.Final.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return final, err
}

// ended tells whether a block comes after the shard's last one.
func (k *Keeper) ended(ctx context.Context, height int64) (bool, error) {
	final, err := k.FinalHeight(ctx)
	return final > 0 && uint64(height) > final, err
}

// routing table; none of a shard that began before there were any.
func (k *Keeper) routing(ctx context.Context) (types.RoutingTable, error) {
	table, err := k.Routing.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.RoutingTable{}, nil
	}
	return table, err
}

// Commit what a block did to the accounts: one key of the chain's state names them all, and others hold what leaves for other shards.
func (k *Keeper) Commit(ctx sdk.Context, r *engine.Result) error {
	head, err := k.Head.Get(ctx)
	if err != nil {
		return err
	}
	head.Height, head.Time, head.Root, head.Accounts = uint64(ctx.BlockHeight()), ctx.BlockTime().UnixNano(), r.Root[:], r.Accounts
	head.Burned += r.Burned
	head.Transfers += r.Executed
	head.Lost = head.Lost.Add(types.OtherCoins(r.Lost)...)
	if err := k.Head.Set(ctx, head); err != nil {
		return err
	}
	if err := k.owe(ctx, r.Overdrawn); err != nil {
		return err
	}
	if err := k.send(ctx, r.Departed); err != nil {
		return err
	}
	return k.closeBooks(ctx)
}

// Committed block: from now on owners of accounts are named by the table that it has brought, if it has.
func (k *Keeper) Committed(ctx sdk.Context) error {
	routing, err := k.routing(ctx)
	if err != nil || routing.Version == k.routed {
		return err
	}
	k.engine.Route(routing.Table())
	k.routed = routing.Version
	return nil
}

// Start the engine with the accounts of the chain's last height.
func (k *Keeper) Start(ctx sdk.Context, height int64) error {
	shard, err := k.Shard.Get(ctx)
	if err != nil {
		return err
	}
	routing, err := k.routing(ctx)
	if err != nil {
		return err
	}
	head, err := k.Head.Get(ctx)
	if err != nil {
		return err
	}
	k.engine.Route(routing.Table())
	k.routed = routing.Version
	if err := k.engine.Start(shard.Prefix(), uint64(height), lattice.Hash(head.Root)); err != nil {
		return err
	}
	rules, err := k.rules(ctx, height, time.Unix(0, head.Time).UTC())
	if err != nil {
		return err
	}
	k.engine.Expect(rules)
	return nil
}
