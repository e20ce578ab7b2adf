package shard

import (
	"errors"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
	cmtcfg "github.com/cometbft/cometbft/config"
)

// databases that CometBFT opens. It closes them when it stops, but not where it fails to begin.
type databases struct {
	mu   sync.Mutex
	list []dbm.DB
}

// open a database, as cmtcfg.DBProvider.
func (d *databases) open(ctx *cmtcfg.DBContext) (dbm.DB, error) {
	db, err := cmtcfg.DefaultDBProvider(ctx)
	if err == nil {
		d.mu.Lock()
		d.list = append(d.list, db)
		d.mu.Unlock()
	}
	return db, err
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
