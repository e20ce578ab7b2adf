package shardchain

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Bequeath the state that one of the shard's two children begins with, after the shard has ended; the child's accounts are written beside it. Blocks go on meanwhile: they change nothing.
func (a *App) Bequeath(side int, accounts io.Writer) (json.RawMessage, error) {
	ctx, err := a.last()
	if err != nil {
		return nil, err
	}
	gs, err := a.Lattice.Bequeath(ctx, side, accounts)
	if err != nil {
		return nil, err
	}
	main, err := a.Light.ExportGenesis(ctx)
	if err != nil {
		return nil, err
	}
	return a.encode(gs, main)
}

// last state that was committed.
func (a *App) last() (sdk.Context, error) {
	ctx, err := a.CreateQueryContext(0, false)
	return ctx.WithChainID(a.ChainID()), err
}

// Ended is the shard's last height, after which no block changes anything; false where it goes on, or where the block after it is not there yet.
func (a *App) Ended() (final uint64, ended bool, err error) {
	ctx, err := a.last()
	if err != nil {
		return 0, false, err
	}
	final, err = a.Lattice.FinalHeight(ctx)
	return final, final > 0 && uint64(ctx.BlockHeight()) > final, err
}

// plain codec of states without messages in them.
var plain = codec.NewProtoCodec(codectypes.NewInterfaceRegistry())

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

// Settle a state that was bequeathed, with the names and first committees of both children. It answers which of both it is of.
func Settle(state json.RawMessage, children [2]latticetypes.Members) (_ json.RawMessage, side int, err error) {
	var modules map[string]json.RawMessage
	if err := json.Unmarshal(state, &modules); err != nil {
		return nil, 0, fmt.Errorf("app_state: %w", err)
	}
	var gs latticetypes.GenesisState
	if err := plain.UnmarshalJSON(modules[latticetypes.ModuleName], &gs); err != nil {
		return nil, 0, fmt.Errorf("app_state.%s: %w", latticetypes.ModuleName, err)
	}
	if side, err = gs.Settle(children); err != nil {
		return nil, 0, err
	}
	if modules[latticetypes.ModuleName], err = plain.MarshalJSON(&gs); err != nil {
		return nil, 0, err
	}
	settled, err := json.Marshal(modules)
	return settled, side, err
}
