package disk

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/lattice"
)

// View of the accounts as of a height, while blocks go on.
type View struct {
	Height   uint64
	snapshot *pebble.Snapshot
}

// View of what is on disk now.
func (d *Disk) View() *View { return &View{Height: d.Head().Height, snapshot: d.db.NewSnapshot()} }

// Close the view, or what it sees is kept for ever.
func (v *View) Close() error { return v.snapshot.Close() }

// Load all buckets of the view in their order.
func (v *View) Load(visit func(bucket uint32, slots lattice.Slots) error) error {
	return load(v.snapshot, visit)
}

// importBatch of bytes that are written at once.
const importBatch = 8 << 20

// Import accounts instead of whatever there is. Until Finish, the database is of no height: half an import is none.
type Import struct {
	d     *Disk
	batch *pebble.Batch
	w     writer
	count uint64
}

// Import begins: what there was is gone.
func (d *Disk) Import() (*Import, error) {
	batch := d.db.NewBatch()
	for _, first := range []byte{keySlot, keySize, keyHead, keyUndo, keyTransaction, keyUnits} {
		if err := batch.DeleteRange([]byte{first}, []byte{first + 1}, nil); err != nil {
			return nil, errors.Join(err, batch.Close())
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return nil, fmt.Errorf("empty the accounts' database: %w", err)
	}
	d.head.Store(&Head{})
	i := &Import{d: d, batch: d.db.NewBatch()}
	i.w.batch = i.batch
	return i, batch.Close()
}

// Put a bucket.
func (i *Import) Put(bucket uint32, slots lattice.Slots) error {
	i.w.size(bucket, uint32(len(slots)))
	for at, record := range slots {
		if len(record) > 0 {
			i.w.slot(bucket, uint32(at), record)
			i.count++
		}
	}
	if i.w.err != nil || i.batch.Len() < importBatch {
		return i.w.err
	}
	if err := i.batch.Commit(pebble.NoSync); err != nil {
		return err
	}
	if err := i.batch.Close(); err != nil {
		return err
	}
	i.batch = i.d.db.NewBatch()
	i.w.batch = i.batch
	return nil
}

// Finish makes what was imported the accounts of a height, whose history begins with another.
func (i *Import) Finish(height uint64, root lattice.Hash, history uint64) error {
	head := &Head{Height: height, Root: root[:], Accounts: i.count, History: history}
	i.w.message([]byte{keyHead}, head)
	if i.w.err == nil {
		i.w.err = i.batch.Commit(pebble.Sync)
	}
	if i.w.err != nil {
		return errors.Join(i.w.err, i.batch.Close())
	}
	i.d.head.Store(head)
	return i.batch.Close()
}

// Abandon an import that failed.
func (i *Import) Abandon() error { return i.batch.Close() }
