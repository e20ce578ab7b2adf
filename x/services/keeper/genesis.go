package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/services/types"
)

// InitGenesis stores the registry. The deposits' coins are in the bank's genesis.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	for _, t := range gs.Types {
		if err := k.serviceTypes.Set(ctx, t.Name, t); err != nil {
			return err
		}
	}
	for _, c := range gs.Chains {
		if err := k.chains.Set(ctx, c.ChainId, c); err != nil {
			return err
		}
		if c.ClientId == "" {
			continue
		}
		if err := k.clientChains.Set(ctx, c.ClientId, c.ChainId); err != nil {
			return err
		}
	}
	for _, p := range gs.Providers {
		if err := k.providers.Set(ctx, collections.Join(p.ChainId, p.Address), p); err != nil {
			return err
		}
		if err := k.providerKeys.Set(ctx, collections.Join(p.ChainId, p.Key), p.Address); err != nil {
			return err
		}
	}
	for _, f := range gs.FormerKeys {
		if err := k.providerKeys.Set(ctx, collections.Join(f.ChainId, f.Key), f.Address); err != nil {
			return err
		}
	}
	return k.Invariants(ctx)
}

// ExportGenesis writes the registry in key order.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	gs := &types.GenesisState{Params: params, Types: []types.ServiceType{}, Chains: []types.ServiceChain{}, Providers: []types.Provider{}, FormerKeys: []types.FormerKey{}}
	if err := k.serviceTypes.Walk(ctx, nil, func(_ string, t types.ServiceType) (bool, error) {
		gs.Types = append(gs.Types, t)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.chains.Walk(ctx, nil, func(_ string, c types.ServiceChain) (bool, error) {
		gs.Chains = append(gs.Chains, c)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.providers.Walk(ctx, nil, func(_ collections.Pair[string, string], p types.Provider) (bool, error) {
		gs.Providers = append(gs.Providers, p)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.providerKeys.Walk(ctx, nil, func(id collections.Pair[string, []byte], address string) (bool, error) {
		p, err := k.Provider(ctx, id.K1(), address)
		if err == nil && !bytes.Equal(p.Key, id.K2()) {
			gs.FormerKeys = append(gs.FormerKeys, types.FormerKey{ChainId: id.K1(), Address: address, Key: id.K2()})
		}
		return false, err
	})
}
