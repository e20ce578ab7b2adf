package shardchain

import (
	"encoding/json"
	"io"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Derive the state that one of the shard's two children begins with, after the shard has ended; the child's accounts are written beside it.
func (a *App) Derive(children [2]latticetypes.Members, side int, accounts io.Writer) (json.RawMessage, error) {
	ctx := a.NewUncachedContext(false, header(a.LastBlockHeight())).WithChainID(a.ChainID())
	gs, err := a.Lattice.Derive(ctx, children, side, accounts)
	if err != nil {
		return nil, err
	}
	main, err := a.Light.ExportGenesis(ctx)
	if err != nil {
		return nil, err
	}
	return a.encode(gs, main)
}

// encode the state of a genesis.
func (a *App) encode(gs *latticetypes.GenesisState, main *lighttypes.GenesisState) (json.RawMessage, error) {
	bz, err := a.Codec.MarshalJSON(gs)
	if err != nil {
		return nil, err
	}
	mainBz, err := a.Codec.MarshalJSON(main)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: bz, lighttypes.ModuleName: mainBz})
}
