package shard

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/config"
)

// pruningOf old states, as app.toml has it.
func pruningOf(app *config.App) (pruningtypes.PruningOptions, error) {
	if app.Pruning != pruningtypes.PruningOptionCustom {
		return pruningtypes.NewPruningOptionsFromString(app.Pruning), nil
	}
	keep, err := strconv.ParseUint(app.PruningKeepRecent, 10, 64)
	if err != nil {
		return pruningtypes.PruningOptions{}, fmt.Errorf("pruning-keep-recent is %q, want a number of blocks", app.PruningKeepRecent)
	}
	interval, err := strconv.ParseUint(app.PruningInterval, 10, 64)
	if err != nil {
		return pruningtypes.PruningOptions{}, fmt.Errorf("pruning-interval is %q, want a number of blocks", app.PruningInterval)
	}
	return pruningtypes.NewCustomPruningOptions(keep, interval), config.CheckCustomPruning(keep, interval)
}

// Prune old states, and the history of blocks, of both stores, but for the last blocks; it answers the first height that is kept.
func Prune(ctx context.Context, cfg Config, keep uint64) (first uint64, err error) {
	if keep < 2 {
		return 0, fmt.Errorf("%d blocks to keep: keep 2 or more, or the last block cannot be taken back", keep)
	}
	doc, err := genutiltypes.AppGenesisFromFile(cfg.Comet.GenesisFile())
	if err != nil {
		return 0, err
	}
	app, err := open(cfg.Comet, cfg, doc.ChainID)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	height := uint64(app.LastBlockHeight())
	if height <= keep {
		return 0, fmt.Errorf("the shard is at height %d: there is nothing older than the last %d blocks", height, keep)
	}
	store, ok := app.CommitMultiStore().(*rootmulti.Store)
	if !ok {
		return 0, fmt.Errorf("states in %T cannot be pruned", app.CommitMultiStore())
	}
	if err := store.PruneStores(int64(height - keep)); err != nil {
		return 0, fmt.Errorf("prune states: %w", err)
	}
	return height - keep + 1, app.Engine.Discard(ctx, height-keep+1)
}
