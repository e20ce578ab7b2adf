package shard

import (
	"errors"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// Megabytes of blocks come each second, written once and seldom read: few large tables, merged seldom, and no compression of what is hashes, keys and signatures.
const (
	// blockStore is the name that CometBFT gives the database of blocks.
	blockStore  = "blockstore"
	blockBuffer = 16 << 20
	blockTables = 8
)

// databases that CometBFT opens. It closes them when it stops, but not where it fails to begin.
type databases struct {
	mu   sync.Mutex
	list []dbm.DB
}

// open a database, as cmtcfg.DBProvider.
func (d *databases) open(ctx *cmtcfg.DBContext) (dbm.DB, error) {
	db, err := provide(ctx)
	if err == nil {
		d.mu.Lock()
		d.list = append(d.list, db)
		d.mu.Unlock()
	}
	return db, err
}

// provide a database as CometBFT would, but for the options of that of blocks; its format is the same.
func provide(ctx *cmtcfg.DBContext) (dbm.DB, error) {
	if ctx.ID != blockStore || dbm.BackendType(ctx.Config.DBBackend) != dbm.GoLevelDBBackend {
		return cmtcfg.DefaultDBProvider(ctx)
	}
	return dbm.NewGoLevelDBWithOpts(ctx.ID, ctx.Config.DBDir(), &opt.Options{
		Compression: opt.NoCompression, WriteBuffer: blockBuffer, CompactionTableSize: blockBuffer,
		CompactionL0Trigger: blockTables, WriteL0SlowdownTrigger: 2 * blockTables, WriteL0PauseTrigger: 3 * blockTables,
	})
}

// close all of them.
func (d *databases) close() (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, db := range d.list {
		err = errors.Join(err, db.Close())
	}
	d.list = nil
	return err
}
