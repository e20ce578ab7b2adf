package shard

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	cmtcmd "github.com/cometbft/cometbft/cmd/cometbft/commands"
	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/store/v2/snapshots"
	snapshottypes "github.com/cosmos/cosmos-sdk/store/v2/snapshots/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine/mempool"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// open the app of a home. Its databases are closed with it.
func open(comet *cmtcfg.Config, cfg Config, chainID string) (*shardchain.App, error) {
	data := comet.DBDir()
	db, err := dbm.NewDB("application", dbm.GoLevelDBBackend, data)
	if err != nil {
		return nil, fmt.Errorf("%w; does a node run on %s?", err, data)
	}
	dir := filepath.Join(data, "snapshots")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	metadata, err := dbm.NewDB("metadata", dbm.GoLevelDBBackend, dir)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	store, err := snapshots.NewStore(metadata, dir)
	if err != nil {
		return nil, errors.Join(err, metadata.Close(), db.Close())
	}
	pruning, err := pruningOf(cfg.App)
	if err != nil {
		return nil, errors.Join(err, metadata.Close(), db.Close())
	}
	sync := cfg.App.StateSync
	return shardchain.New(shardchain.Options{
		Logger: cfg.Logger, DB: db, Data: filepath.Clean(data), Accounts: filepath.Join(filepath.Dir(comet.GenesisFile()), latticetypes.AccountsName), Mempool: mempool.DefaultConfig(), SnapshotInterval: sync.SnapshotInterval,
		BaseApp: []func(*baseapp.BaseApp){
			baseapp.SetChainID(chainID), baseapp.SetSnapshot(store, snapshottypes.NewSnapshotOptions(sync.SnapshotInterval, sync.SnapshotKeepRecent)),
			baseapp.SetIAVLCacheSize(int(cfg.App.IAVLCacheSize)), baseapp.SetPruning(pruning), baseapp.SetMinRetainBlocks(cfg.App.MinRetainBlocks),
		},
	})
}

// Rollback takes the last block's state back, so that the block is executed again. The accounts follow when the node starts: they can be taken back by one block, so it is done once.
func Rollback(cfg Config) (height int64, hash []byte, err error) {
	doc, err := genutiltypes.AppGenesisFromFile(cfg.Comet.GenesisFile())
	if err != nil {
		return 0, nil, err
	}
	app, err := open(cfg.Comet, cfg, doc.ChainID)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if height, hash, err = cmtcmd.RollbackState(cfg.Comet, false); err != nil {
		return 0, nil, fmt.Errorf("take back CometBFT's state: %w", err)
	}
	return height, hash, app.CommitMultiStore().RollbackToVersion(height)
}

const (
	// afterLast block so long the first one of a shard that goes on from its export is made: headers of a chain are in the order of their times.
	afterLast = time.Millisecond
	// LeftOut of a chain's heights by its export: at the one after the last block members may have voted already. They would not vote there again, for another block, and CometBFT waits for ever in a round in which nobody votes.
	LeftOut = 1
)

// Export the shard as a genesis that goes on after its last block and LeftOut heights: DIR/CHAIN-ID.json, and its accounts in DIR/CHAIN-ID.accounts, as `shard found` writes those of new shards.
func Export(cfg Config, dir string) (doc *genutiltypes.AppGenesis, err error) {
	if doc, err = genutiltypes.AppGenesisFromFile(cfg.Comet.GenesisFile()); err != nil {
		return nil, err
	}
	app, err := open(cfg.Comet, cfg, doc.ChainID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	height := app.LastBlockHeight()
	if height == 0 {
		return nil, errors.New("there is no block to export")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	genesis, names := filepath.Join(dir, doc.ChainID+".json"), filepath.Join(dir, doc.ChainID+".accounts")
	for _, path := range []string{genesis, names} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%s is there already: name another folder, or remove it", path), err)
		}
	}
	state, at, err := exportTo(app, names)
	if err != nil {
		return nil, err
	}
	if err := sit(doc, state); err != nil {
		return nil, err
	}
	doc.AppState, doc.InitialHeight, doc.GenesisTime = state, height+1+LeftOut, at.Add(afterLast)
	return doc, doc.SaveAs(genesis)
}

// exportTo a file the accounts, and the state beside them.
func exportTo(app *shardchain.App, path string) (state json.RawMessage, at time.Time, err error) {
	accounts, err := os.Create(path)
	if err != nil {
		return nil, at, err
	}
	w := bufio.NewWriter(accounts)
	state, at, err = app.Export(w)
	return state, at, errors.Join(err, w.Flush(), accounts.Sync(), accounts.Close())
}

// sit those down in a genesis who make the blocks after the export; without a word on that those of before.
func sit(doc *genutiltypes.AppGenesis, state json.RawMessage) error {
	sitting, told, err := shardchain.Sitting(state, doc.ChainID)
	if err == nil && told {
		nameChild(doc, sitting, state)
	}
	return err
}
