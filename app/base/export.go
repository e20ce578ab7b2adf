package base

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// Export writes the state at the loaded height as a genesis that continues the chain: state, consensus parameters, validators. A plan for an upgrade is no part of
// any genesis; rather than lose it, an export of all modules is refused while there is one.
func (a *App) Export(validators func(sdk.Context) ([]cmttypes.GenesisValidator, error), modules []string) (servertypes.ExportedApp, error) {
	ctx := a.NewContextLegacy(true, a.header())
	switch plan, err := a.Upgrade.GetUpgradePlan(ctx); {
	case errors.Is(err, upgradetypes.ErrNoUpgradePlanFound) || len(modules) > 0:
	case err != nil:
		return servertypes.ExportedApp{}, fmt.Errorf("export: %w", err)
	default:
		return servertypes.ExportedApp{}, fmt.Errorf("upgrade %q is planned for height %d, and an export cannot carry the plan: export after the upgrade, have governance cancel it first (MsgCancelUpgrade), or take a height before the decision (--height)",
			plan.Name, plan.Height)
	}
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

// LastBlockTime is the time of the block at the loaded height; the zero time where a state was committed without a block.
func (a *App) LastBlockTime() (time.Time, error) {
	store, ok := a.CommitMultiStore().(interface {
		GetCommitInfo(version int64) (*storetypes.CommitInfo, error)
	})
	if !ok {
		return time.Time{}, fmt.Errorf("%T does not keep the times of blocks", a.CommitMultiStore())
	}
	info, err := store.GetCommitInfo(a.LastBlockHeight())
	if err != nil {
		return time.Time{}, fmt.Errorf("time of block %d: %w", a.LastBlockHeight(), err)
	}
	return info.Timestamp, nil
}

// header of the next block, as far as exporting modules look at it.
func (a *App) header() cmtproto.Header {
	return cmtproto.Header{Height: a.LastBlockHeight()}
}
