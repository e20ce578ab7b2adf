package base

import (
	"encoding/json"
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Export writes the state at the loaded height as a genesis that continues the chain: state, consensus parameters, validators.
func (a *App) Export(validators func(sdk.Context) ([]cmttypes.GenesisValidator, error), modules []string) (servertypes.ExportedApp, error) {
	ctx := a.NewContextLegacy(true, a.header())
	state, err := a.Modules.ExportGenesisForModules(ctx, a.Codec, modules)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export: %w", err)
	}
	bz, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export: %w", err)
	}
	vals, err := validators(ctx)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export validators: %w", err)
	}
	return servertypes.ExportedApp{
		AppState: bz, Validators: vals, Height: a.LastBlockHeight() + 1, ConsensusParams: a.GetConsensusParams(ctx),
	}, nil
}

// header of the next block, as far as exporting modules look at it.
func (a *App) header() cmtproto.Header {
	return cmtproto.Header{Height: a.LastBlockHeight()}
}
