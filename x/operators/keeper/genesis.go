package keeper

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtcrypto "github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/x/operators/types"
)

// InitGenesis stores the operators and returns them as the chain's first validators.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) ([]abci.ValidatorUpdate, error) {
	updates := make([]abci.ValidatorUpdate, len(gs.Operators))
	for i, o := range gs.Operators {
		if err := k.Operators.Set(ctx, o.Address, o); err != nil {
			return nil, err
		}
		updates[i] = abci.Ed25519ValidatorUpdate(o.ConsensusKey, o.Power)
	}
	return updates, nil
}

// ExportGenesis writes the operators in address order.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	ops, err := k.all(ctx)
	if err != nil {
		return nil, err
	}
	gs := types.DefaultGenesisState()
	gs.Operators = append(gs.Operators, ops...)
	return gs, nil
}

// GenesisValidators is the set as an exported chain's genesis document lists it.
func (k *Keeper) GenesisValidators(ctx context.Context) ([]cmttypes.GenesisValidator, error) {
	ops, err := k.all(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]cmttypes.GenesisValidator, len(ops))
	for i, o := range ops {
		key := cmtcrypto.PubKey(o.ConsensusKey)
		out[i] = cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: o.Power, Name: o.Moniker}
	}
	return out, nil
}
