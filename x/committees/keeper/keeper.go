// Package keeper holds the state and rules of x/committees.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/x/committees/types"
)

var _ types.MsgServer = (*Keeper)(nil)

// tokensKey is (operator, height).
type tokensKey = collections.Pair[string, int64]

// Keeper of x/committees.
type Keeper struct {
	staking   types.StakingKeeper
	slashing  types.SlashingKeeper
	sortition types.SortitionKeeper
	stake     types.DepositKeeper
	epochs    types.EpochKeeper
	authority string

	Schema    collections.Schema
	params    collections.Item[types.Params]
	committee collections.Item[types.Committee]
	// terms by first height, works by epoch.
	terms  collections.Map[int64, types.Term]
	tokens collections.Map[tokensKey, types.Tokens]
	works  collections.Map[uint64, types.EpochWork]
	// touched operators: their tokens are looked at when the block ends.
	touched collections.KeySet[string]
}

// NewKeeper builds the keeper; authority is the account that governance acts with.
func NewKeeper(
	cdc codec.BinaryCodec, store corestore.KVStoreService, staking types.StakingKeeper, slashing types.SlashingKeeper, sortition types.SortitionKeeper,
	stake types.DepositKeeper, epochs types.EpochKeeper, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		staking: staking, slashing: slashing, sortition: sortition, stake: stake, epochs: epochs, authority: authority,
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		committee: collections.NewItem(sb, types.CommitteeKey, "committee", codec.CollValue[types.Committee](cdc)),
		terms:     collections.NewMap(sb, types.TermsKey, "terms", collections.Int64Key, codec.CollValue[types.Term](cdc)),
		tokens:    collections.NewMap(sb, types.TokensKey, "tokens", collections.PairKeyCodec(collections.StringKey, collections.Int64Key), codec.CollValue[types.Tokens](cdc)),
		works:     collections.NewMap(sb, types.WorksKey, "works", collections.Uint64Key, codec.CollValue[types.EpochWork](cdc)),
		touched:   collections.NewKeySet(sb, types.TouchedKey, "touched", collections.StringKey),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Committee that CometBFT was told last.
func (k *Keeper) Committee(ctx context.Context) (types.Committee, error) { return k.committee.Get(ctx) }

// Sitting are the operators of that committee, in ascending order.
func (k *Keeper) Sitting(ctx context.Context) ([]string, error) {
	c, err := k.committee.Get(ctx)
	return types.Operators(c.Members), err
}

// Work of an epoch.
func (k *Keeper) Work(ctx context.Context, epoch uint64) (types.EpochWork, error) {
	w, err := k.works.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return w, errorsmod.Wrapf(types.ErrNotFound, "no work of epoch %d: it has not begun, or is no longer kept", epoch)
	}
	return w, err
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
