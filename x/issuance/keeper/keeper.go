// Package keeper holds the state and rules of x/issuance.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/x/issuance/types"
)

var _ types.MsgServer = (*Keeper)(nil)

// Keeper of x/issuance.
type Keeper struct {
	bank    types.BankKeeper
	staking types.StakingKeeper
	distr   types.DistributionKeeper
	epochs  types.EpochKeeper
	// distribution is the name of x/distribution's account.
	distribution string
	authority    string

	Schema collections.Schema
	params collections.Item[types.Params]
	clock  collections.Item[types.Clock]
	// years that are over by number, epochs by number.
	years      collections.Map[uint64, types.Year]
	epochSplit collections.Map[uint64, types.EpochSplit]
}

// NewKeeper builds the keeper; distribution is the name of x/distribution's account, authority the account that governance acts with.
func NewKeeper(
	cdc codec.BinaryCodec, store corestore.KVStoreService, bank types.BankKeeper, staking types.StakingKeeper, distr types.DistributionKeeper,
	epochs types.EpochKeeper, distribution, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		bank: bank, staking: staking, distr: distr, epochs: epochs, distribution: distribution, authority: authority,
		params:     collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		clock:      collections.NewItem(sb, types.ClockKey, "clock", codec.CollValue[types.Clock](cdc)),
		years:      collections.NewMap(sb, types.YearsKey, "years", collections.Uint64Key, codec.CollValue[types.Year](cdc)),
		epochSplit: collections.NewMap(sb, types.EpochsKey, "epochs", collections.Uint64Key, codec.CollValue[types.EpochSplit](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// UpdateParams replaces the parameters; only governance may. The year that runs keeps its terms.
func (k *Keeper) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != k.authority {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "parameters are changed by %s, not %s", k.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, k.params.Set(ctx, msg.Params)
}
