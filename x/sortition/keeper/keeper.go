// Package keeper holds the state and rules of x/sortition.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/x/sortition/types"
)

var _ types.MsgServer = (*Keeper)(nil)

// proofKey is (epoch, operator).
type proofKey = collections.Pair[uint64, string]

// Keeper of x/sortition.
type Keeper struct {
	stake  types.StakeKeeper
	epochs types.EpochKeeper
	// committees is set when it is built, from this keeper.
	committees types.CommitteeKeeper
	authority  string

	Schema collections.Schema
	params collections.Item[types.Params]
	devnet collections.Item[bool]
	// seed of the next epoch to open.
	seed collections.Item[[]byte]
	// records and elections by epoch.
	records   collections.Map[uint64, types.Record]
	proofs    collections.Map[proofKey, types.Proof]
	elections collections.Map[uint64, types.Election]
	// published seeds by epoch, for other chains.
	published collections.Map[uint64, types.PublishedSeed]
	// pending marks what waits in the mempool; it is written in the state of CheckTx alone.
	pending collections.KeySet[collections.Triple[uint64, uint32, string]]
}

// NewKeeper builds the keeper; authority is the account that governance acts with.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, stake types.StakeKeeper, epochs types.EpochKeeper, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		stake: stake, epochs: epochs, authority: authority,
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		devnet:    collections.NewItem(sb, types.DevnetKey, "devnet", collections.BoolValue),
		seed:      collections.NewItem(sb, types.SeedKey, "seed", collections.BytesValue),
		records:   collections.NewMap(sb, types.RecordsKey, "records", collections.Uint64Key, codec.CollValue[types.Record](cdc)),
		proofs:    collections.NewMap(sb, types.ProofsKey, "proofs", collections.PairKeyCodec(collections.Uint64Key, collections.StringKey), codec.CollValue[types.Proof](cdc)),
		elections: collections.NewMap(sb, types.ElectionsKey, "elections", collections.Uint64Key, codec.CollValue[types.Election](cdc)),
		published: collections.NewMap(sb, types.PublishedKey, "published", collections.Uint64Key, codec.CollValue[types.PublishedSeed](cdc)),
		pending: collections.NewKeySet(sb, types.PendingKey, "pending",
			collections.TripleKeyCodec(collections.Uint64Key, collections.Uint32Key, collections.StringKey)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// SetCommittees tells who sits before the first election.
func (k *Keeper) SetCommittees(committees types.CommitteeKeeper) { k.committees = committees }

// Sizes of the main chain's committee; devnet where they may be smaller than a public network's.
func (k *Keeper) Sizes(ctx context.Context) (params types.Params, devnet bool, err error) {
	if params, err = k.params.Get(ctx); err != nil {
		return params, false, err
	}
	devnet, err = k.devnet.Get(ctx)
	return params, devnet, err
}

// Record of an epoch.
func (k *Keeper) Record(ctx context.Context, epoch uint64) (types.Record, error) {
	r, err := k.records.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return r, errorsmod.Wrapf(types.ErrNotFound, "no record of epoch %d: it has not begun, or is no longer kept", epoch)
	}
	return r, err
}

// Election of who sits in an epoch.
func (k *Keeper) Election(ctx context.Context, epoch uint64) (types.Election, error) {
	e, err := k.elections.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return e, errorsmod.Wrapf(types.ErrNotFound, "no election for epoch %d: it is held in epoch %d - 2, or is no longer kept", epoch, epoch)
	}
	return e, err
}

// Seed that is in force in an epoch, for who draws by it: audits, shards, service chains.
func (k *Keeper) Seed(ctx context.Context, epoch uint64) ([]byte, error) {
	if r, err := k.records.Get(ctx, epoch); err == nil {
		return r.Seed, nil
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if epoch > 0 {
		if r, err := k.records.Get(ctx, epoch-1); err == nil && len(r.NextSeed) > 0 {
			return r.NextSeed, nil
		}
	}
	return nil, errorsmod.Wrapf(types.ErrNotFound, "no seed of epoch %d: it is made in the epoch before, or is no longer kept", epoch)
}

// proofsOf an epoch in ascending order of operators.
func (k *Keeper) proofsOf(ctx context.Context, epoch uint64) ([]types.Proof, error) {
	proofs := []types.Proof{}
	err := k.proofs.Walk(ctx, collections.NewPrefixedPairRange[uint64, string](epoch), func(_ proofKey, p types.Proof) (bool, error) {
		proofs = append(proofs, p)
		return false, nil
	})
	return proofs, err
}

// UpdateParams replaces the parameters; only governance may. An epoch that has begun keeps its windows and sealers.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	devnet, err := k.devnet.Get(ctx)
	if err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, k.setParams(ctx, msg.Params, devnet)
}

func (k *Keeper) setParams(ctx context.Context, params types.Params, devnet bool) error {
	if err := params.Validate(devnet); err != nil {
		return err
	}
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	if err := params.Fit(blocks); err != nil {
		return err
	}
	return k.params.Set(ctx, params)
}
