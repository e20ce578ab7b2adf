// Package keeper holds the state and rules of x/gate.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

var _ types.MsgServer = (*Keeper)(nil)

// pairKey is (ledger, height), or (ledger, child).
type (
	heightKey = collections.Pair[string, uint64]
	childKey  = collections.Pair[string, string]
)

// Keepers that x/gate asks.
type Keepers struct {
	Bank      types.BankKeeper
	Community types.CommunityKeeper
	Staking   types.StakingKeeper
	Nodes     types.NodesKeeper
	Billing   types.BillingKeeper
	Zones     types.ZonesKeeper
	Shards    types.ShardsKeeper
}

// Keeper of x/gate.
type Keeper struct {
	Keepers
	authority string
	// account of the module: what shards hold.
	account sdk.AccAddress

	Schema collections.Schema
	params collections.Item[types.Params]
	issued collections.Item[uint64]
	// queue of receipts that were taken, and leaving ones that no batch has yet.
	queue, leaving fifo
	// outboxes by destination, inboxes by source; batches that wait and their hashes, by destination and height.
	outboxes collections.Map[string, latticetypes.Outbox]
	batches  collections.Map[heightKey, []byte]
	hashes   collections.Map[heightKey, []byte]
	inboxes  collections.Map[string, latticetypes.Inbox]
	// unaudited utop by source and height of the header that proved them, and their sums by source.
	unaudited     collections.Map[heightKey, uint64]
	unauditedSums collections.Map[string, uint64]
	// confirmed cursors by destination and child.
	confirmed collections.Map[childKey, latticetypes.Cursor]
}

// NewKeeper builds the keeper; authority is the account that governance acts with.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, keepers Keepers, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		Keepers: keepers, authority: authority, account: authtypes.NewModuleAddress(types.ModuleName),
		params:        collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		issued:        collections.NewItem(sb, types.IssuedKey, "issued", collections.Uint64Value),
		queue:         newFifo(sb, types.QueueKey, types.QueueSequenceKey, types.QueuedKey, "queue"),
		leaving:       newFifo(sb, types.LeavingKey, types.LeavingSequenceKey, types.LeftKey, "leaving"),
		outboxes:      collections.NewMap(sb, types.OutboxesKey, "outboxes", collections.StringKey, codec.CollValue[latticetypes.Outbox](cdc)),
		batches:       collections.NewMap(sb, types.BatchesKey, "batches", latticetypes.BatchKeys, collections.BytesValue),
		hashes:        collections.NewMap(sb, types.HashesKey, "hashes", latticetypes.BatchKeys, collections.BytesValue),
		inboxes:       collections.NewMap(sb, types.InboxesKey, "inboxes", collections.StringKey, codec.CollValue[latticetypes.Inbox](cdc)),
		unaudited:     collections.NewMap(sb, types.UnauditedKey, "unaudited", latticetypes.BatchKeys, collections.Uint64Value),
		unauditedSums: collections.NewMap(sb, types.UnauditedSumsKey, "unaudited_sums", collections.StringKey, collections.Uint64Value),
		confirmed:     collections.NewMap(sb, types.ConfirmedKey, "confirmed", collections.PairKeyCodec(collections.StringKey, collections.StringKey), codec.CollValue[latticetypes.Cursor](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// or nothing, where a record is not there.
func or[T any](value T, err error) (T, error) {
	if errors.Is(err, collections.ErrNotFound) {
		var none T
		return none, nil
	}
	return value, err
}

// UpdateParams replaces the parameters; only governance may.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	return &types.MsgUpdateParamsResponse{}, k.setParams(ctx, msg.Params)
}

func (k *Keeper) setParams(ctx context.Context, params types.Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	sharded, err := k.sharded(ctx)
	if err != nil {
		return err
	}
	if params.PaymentsClosed && !sharded {
		return errorsmod.Wrap(types.ErrInvalid, "payments_closed: this network has no shards that users could pay each other on")
	}
	return k.params.Set(ctx, params)
}

// sharded tells whether the network has shards.
func (k *Keeper) sharded(ctx context.Context) (bool, error) {
	_, err := k.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ClosePayments between users on this chain, as an upgrade does, and name the edge where they pay from now on; one that is no URL leaves the one that is named. A network without shards keeps them open.
func (k *Keeper) ClosePayments(ctx context.Context, edge string) error {
	sharded, err := k.sharded(ctx)
	if err != nil || !sharded {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	params.PaymentsClosed = true
	if named := (types.Params{MinExit: params.MinExit, Edge: edge}); edge != "" && named.Validate() == nil {
		params.Edge = edge
	}
	return k.setParams(ctx, params)
}

// CheckPayment between users: the refusal, where payments are closed.
func (k *Keeper) CheckPayment(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil || !params.PaymentsClosed {
		return err
	}
	return params.Closed()
}

// attempt runs what one item of many does: what fails or panics leaves no trace, and is told.
func attempt(ctx context.Context, do func(ctx sdk.Context) error) (err error) {
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		// Gas that ends is the transaction's end, not an item's.
		switch r.(type) {
		case storetypes.ErrorOutOfGas, storetypes.ErrorGasOverflow:
			panic(r)
		}
		err = errorsmod.Wrapf(types.ErrRefused, "panic: %v", r)
	}()
	if err := do(cached); err != nil {
		return err
	}
	write()
	return nil
}

// each of many items by itself. What failed says why; an error where nothing went well.
func each(ctx context.Context, n int, do func(ctx sdk.Context, i int) error) (refused []string, err error) {
	refused = make([]string, n)
	done := false
	for i := range n {
		if failed := attempt(ctx, func(ctx sdk.Context) error { return do(ctx, i) }); failed != nil {
			refused[i], err = failed.Error(), failed
		} else {
			done = true
		}
	}
	if done {
		return refused, nil
	}
	return nil, err
}
