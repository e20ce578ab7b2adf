// Package keeper holds the validator set of a service chain.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/topnetwork/top/x/operators/types"
)

// Keeper of x/operators.
type Keeper struct {
	authority string

	Schema collections.Schema
	// Operators by bech32 address.
	Operators collections.Map[string, types.Operator]
}

// NewKeeper builds the keeper. authority may change the set once the set can change.
func NewKeeper(cdc codec.BinaryCodec, store corestore.KVStoreService, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		authority: authority,
		Operators: collections.NewMap(sb, types.OperatorsKey, "operators", collections.StringKey, codec.CollValue[types.Operator](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Authority is the account that governance acts with.
func (k *Keeper) Authority() string { return k.authority }

// all operators in address order.
func (k *Keeper) all(ctx context.Context) ([]types.Operator, error) {
	var out []types.Operator
	err := k.Operators.Walk(ctx, nil, func(_ string, o types.Operator) (bool, error) {
		out = append(out, o)
		return false, nil
	})
	return out, err
}
