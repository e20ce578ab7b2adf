// Package keeper holds the state and rules of x/stake.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/x/stake/types"
)

var _ types.MsgServer = (*Keeper)(nil)

// entryKey is (epoch, operator).
type entryKey = collections.Pair[uint64, string]

// Keeper of x/stake.
type Keeper struct {
	staking   types.StakingKeeper
	slashing  types.SlashingKeeper
	accounts  types.AccountKeeper
	epochs    types.EpochKeeper
	authority string

	Schema collections.Schema
	params collections.Item[types.Params]
	// nodes by operator.
	nodes collections.Map[string, types.Node]
	// hot leads from a hot address to the operator.
	hot collections.Map[string, string]
	// vrfKeys leads from every key ever used to its operator: a key that two nodes prove with, one after the other, would give one output twice.
	vrfKeys collections.Map[[]byte, string]
	tally   collections.Item[types.Tally]
	// misses by (proposer, validator), absences by operator: of the current epoch.
	misses   collections.Map[collections.Pair[[]byte, []byte], uint64]
	absences collections.Map[string, uint64]
	// snapshots by epoch.
	snapshots collections.Map[uint64, types.Snapshot]
	entries   collections.Map[entryKey, types.Entry]
	// cursor is the operator from whom on the running snapshot goes on; it exists while one runs.
	cursor collections.Item[string]
}

// NewKeeper builds the keeper; authority is the account that governance acts with.
func NewKeeper(
	cdc codec.BinaryCodec, store corestore.KVStoreService, staking types.StakingKeeper, slashing types.SlashingKeeper, accounts types.AccountKeeper,
	epochs types.EpochKeeper, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		staking: staking, slashing: slashing, accounts: accounts, epochs: epochs, authority: authority,
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		nodes:     collections.NewMap(sb, types.NodesKey, "nodes", collections.StringKey, codec.CollValue[types.Node](cdc)),
		hot:       collections.NewMap(sb, types.HotKey, "hot", collections.StringKey, collections.StringValue),
		vrfKeys:   collections.NewMap(sb, types.VRFKeysKey, "vrf_keys", collections.BytesKey, collections.StringValue),
		tally:     collections.NewItem(sb, types.TallyKey, "tally", codec.CollValue[types.Tally](cdc)),
		misses:    collections.NewMap(sb, types.MissesKey, "misses", collections.PairKeyCodec(collections.BytesKey, collections.BytesKey), collections.Uint64Value),
		absences:  collections.NewMap(sb, types.AbsencesKey, "absences", collections.StringKey, collections.Uint64Value),
		snapshots: collections.NewMap(sb, types.SnapshotsKey, "snapshots", collections.Uint64Key, codec.CollValue[types.Snapshot](cdc)),
		entries:   collections.NewMap(sb, types.EntriesKey, "entries", collections.PairKeyCodec(collections.Uint64Key, collections.StringKey), codec.CollValue[types.Entry](cdc)),
		cursor:    collections.NewItem(sb, types.CursorKey, "cursor", collections.StringValue),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Node of an operator.
func (k *Keeper) Node(ctx context.Context, operator string) (types.Node, error) {
	n, err := k.nodes.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return n, errorsmod.Wrapf(types.ErrNotFound, "node %s: register it (tx stake register-node)", operator)
	}
	return n, err
}

// OperatorOf a hot address.
func (k *Keeper) OperatorOf(ctx context.Context, hotAddress string) (string, error) {
	operator, err := k.hot.Get(ctx, hotAddress)
	if errors.Is(err, collections.ErrNotFound) {
		return "", errorsmod.Wrapf(types.ErrNotFound, "%s is no node's hot address", hotAddress)
	}
	return operator, err
}

// Entry of a node in an epoch's snapshot.
func (k *Keeper) Entry(ctx context.Context, epoch uint64, operator string) (types.Entry, error) {
	e, err := k.entries.Get(ctx, collections.Join(epoch, operator))
	if errors.Is(err, collections.ErrNotFound) {
		return e, errorsmod.Wrapf(types.ErrNotFound, "%s is not in the snapshot of epoch %d", operator, epoch)
	}
	return e, err
}

// WalkEntries visits a snapshot's entries in ascending order of operators.
func (k *Keeper) WalkEntries(ctx context.Context, epoch uint64, visit func(types.Entry) error) error {
	return k.entries.Walk(ctx, collections.NewPrefixedPairRange[uint64, string](epoch), func(_ entryKey, e types.Entry) (bool, error) {
		err := visit(e)
		return err != nil, err
	})
}

// Complete tells whether the snapshot of an epoch is there as a whole.
func (k *Keeper) Complete(ctx context.Context, epoch uint64) (bool, error) {
	s, err := k.snapshots.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return s.Completed > 0, err
}

// RecordAbsence of a sealer; the rating of the epoch counts it.
func (k *Keeper) RecordAbsence(ctx context.Context, operator string) error {
	count, err := k.absences.Get(ctx, operator)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.absences.Set(ctx, operator, count+1)
}

// UpdateParams replaces the parameters; only governance may.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, k.params.Set(ctx, msg.Params)
}
