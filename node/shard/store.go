package shard

import (
	cmtdb "github.com/cometbft/cometbft-db"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// blockStore is the name that CometBFT gives the database of blocks.
const blockStore = "blockstore"

// Megabytes of blocks come each second, written once and seldom read: few large tables, merged seldom, and no compression of what is hashes, keys and signatures.
const (
	blockBuffer = 16 << 20
	blockTables = 8
)

// databases of a node: CometBFT's own, but for the options of that of blocks. Its format is the same.
func databases(ctx *cmtcfg.DBContext) (cmtdb.DB, error) {
	if ctx.ID != blockStore || cmtdb.BackendType(ctx.Config.DBBackend) != cmtdb.GoLevelDBBackend {
		return cmtcfg.DefaultDBProvider(ctx)
	}
	return cmtdb.NewGoLevelDBWithOpts(ctx.ID, ctx.Config.DBDir(), &opt.Options{
		Compression: opt.NoCompression, WriteBuffer: blockBuffer, CompactionTableSize: blockBuffer,
		CompactionL0Trigger: blockTables, WriteL0SlowdownTrigger: 2 * blockTables, WriteL0PauseTrigger: 3 * blockTables,
	})
}
