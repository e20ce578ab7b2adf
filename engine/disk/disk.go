// Package disk keeps a shard's accounts, their units and the index of transactions in a Pebble database: one batch per block, on disk before the multistore commits, with what takes it back.
package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/topnetwork/top/protocol/lattice"
)

// The first byte of a key says what it is. Numbers are big endian, so that keys are in their order.
const (
	// keySlot: bucket u32, slot u32 → record with its address before it.
	keySlot = 's'
	// keySize: bucket u32 → number of slots u32, where it is not 1.
	keySize = 'z'
	// keyHead → Head.
	keyHead = 'h'
	// keyUndo → Undo of the last block.
	keyUndo = 'o'
	// keyTransaction: generation u32, hash 32 → Entry.
	keyTransaction = 't'
	// keyUnits: height u64, address 20, number u64 of the first one → units of the block from there on.
	keyUnits = 'u'
)

// ErrCorrupt tells that the database holds what was never written to it.
var ErrCorrupt = errors.New("the accounts' database is corrupt")

// Disk is one shard's database.
type Disk struct {
	db *pebble.DB
	// head as of the last commit, which had so many bytes. Readers look at it while blocks go on.
	head atomic.Pointer[Head]
	size int
}

// silent keeps Pebble's own log out of the node's.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// Open a database in a folder of a file system, which is made where there is none.
func Open(fs vfs.FS, dir string) (*Disk, error) {
	options := &pebble.Options{
		FS:     fs,
		Logger: silent{},
		// A block of transfers is some megabytes; larger tables mean that records which change often are written to lower levels less often.
		MemTableSize: 32 << 20,
		// Most of what is written is never written again, and seldom read: it is merged when there is much of it.
		L0CompactionThreshold: 24, L0StopWritesThreshold: 64, LBaseMaxBytes: 512 << 20,
	}
	// Hashes and keys do not get smaller.
	options.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	db, err := pebble.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the accounts' database %s: %w", dir, err)
	}
	d, head := &Disk{db: db}, &Head{}
	if err := d.get([]byte{keyHead}, head); err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return nil, errors.Join(err, db.Close())
	}
	d.head.Store(head)
	return d, nil
}

// Close the database.
func (d *Disk) Close() error { return d.db.Close() }

// Head of the last commit; height 0 of a new database.
func (d *Disk) Head() Head { return *d.head.Load() }

// message of the generated types.
type message interface {
	Size() int
	MarshalToSizedBuffer([]byte) (int, error)
	Unmarshal([]byte) error
}

func (d *Disk) get(key []byte, to message) error {
	bz, closer, err := d.db.Get(key)
	if err != nil {
		return err
	}
	if err := to.Unmarshal(bz); err != nil {
		return errors.Join(fmt.Errorf("%w: key %x: %w", ErrCorrupt, key, err), closer.Close())
	}
	return closer.Close()
}

// Block is what one block changes.
type Block struct {
	Height uint64
	Root   lattice.Hash
	// Accounts there are after it.
	Accounts uint64
	Journal  lattice.Journal
	Units    []lattice.Unit
	// Transactions by their hashes, and what became of them.
	Transactions []lattice.Hash
	Entries      []Entry
}

// Commit a block; it is on disk when Commit answers. The undo record of the block before is replaced by this one's.
func (d *Disk) Commit(b *Block) (err error) {
	// A batch that grows copies what it has.
	batch := d.db.NewBatchWithSize(d.size + d.size/8)
	defer func() { err = errors.Join(err, batch.Close()) }()
	w := writer{batch: batch}
	for i := range b.Journal.Changes {
		c := &b.Journal.Changes[i]
		w.slot(c.Bucket, c.Slot, c.After)
	}
	for _, r := range b.Journal.Resizes {
		w.size(r.Bucket, r.After)
	}
	w.history(b)
	before := d.head.Load()
	w.undo(before, b)
	head := &Head{Height: b.Height, Root: b.Root[:], Accounts: b.Accounts, History: max(before.History, 1)}
	w.message([]byte{keyHead}, head)
	if w.err == nil {
		d.size = batch.Len()
		w.err = batch.Commit(pebble.Sync)
	}
	if w.err != nil {
		return fmt.Errorf("write block %d to the accounts' database: %w", b.Height, w.err)
	}
	d.head.Store(head)
	return nil
}

// writer of a batch, which keeps the first error.
type writer struct {
	batch *pebble.Batch
	err   error
}

func (w *writer) set(key, value []byte) {
	if w.err == nil {
		w.err = w.batch.Set(key, value, nil)
	}
}

func (w *writer) message(key []byte, m message) {
	if w.err != nil {
		return
	}
	op := w.batch.SetDeferred(len(key), m.Size())
	copy(op.Key, key)
	if _, w.err = m.MarshalToSizedBuffer(op.Value); w.err == nil {
		w.err = op.Finish()
	}
}

func (w *writer) slot(bucket, slot uint32, record []byte) {
	var key [9]byte
	key[0] = keySlot
	binary.BigEndian.PutUint32(key[1:], bucket)
	binary.BigEndian.PutUint32(key[5:], slot)
	if len(record) > 0 {
		w.set(key[:], record)
	} else if w.err == nil {
		w.err = w.batch.Delete(key[:], nil)
	}
}

func (w *writer) size(bucket, slots uint32) {
	key := binary.BigEndian.AppendUint32([]byte{keySize}, bucket)
	if slots > 1 {
		w.set(key, binary.BigEndian.AppendUint32(nil, slots))
	} else if w.err == nil {
		w.err = w.batch.Delete(key, nil)
	}
}

// Load all buckets in their order.
func (d *Disk) Load(visit func(bucket uint32, slots lattice.Slots) error) error {
	return load(d.db, visit)
}

// load all buckets of a database, or of a view of it.
func load(r pebble.Reader, visit func(bucket uint32, slots lattice.Slots) error) (err error) {
	sizes := map[uint32]uint32{}
	if err := walk(r, []byte{keySize}, func(key, value []byte) error {
		if len(key) != 4 || len(value) != 4 {
			return fmt.Errorf("%w: size %x = %x", ErrCorrupt, key, value)
		}
		sizes[binary.BigEndian.Uint32(key)] = binary.BigEndian.Uint32(value)
		return nil
	}); err != nil {
		return err
	}
	var (
		bucket uint32
		slots  lattice.Slots
	)
	flush := func() error {
		if slots == nil {
			return nil
		}
		defer func() { slots = nil }()
		return visit(bucket, slots)
	}
	if err := walk(r, []byte{keySlot}, func(key, value []byte) error {
		if len(key) != 8 {
			return fmt.Errorf("%w: slot %x", ErrCorrupt, key)
		}
		b, at := binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:])
		if slots == nil || b != bucket {
			if err := flush(); err != nil {
				return err
			}
			size := max(sizes[b], 1)
			if size > lattice.MaxSlots {
				return fmt.Errorf("%w: bucket %d of %d slots", ErrCorrupt, b, size)
			}
			bucket, slots = b, make(lattice.Slots, size)
		}
		if int(at) >= len(slots) {
			return fmt.Errorf("%w: slot %d of %d in bucket %d", ErrCorrupt, at, len(slots), b)
		}
		slots[at] = bytes.Clone(value)
		return nil
	}); err != nil {
		return err
	}
	return flush()
}

// walk visits what begins with a prefix, which is left out of the keys.
func walk(r pebble.Reader, prefix []byte, visit func(key, value []byte) error) (err error) {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: end})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := visit(it.Key()[len(prefix):], value); err != nil {
			return err
		}
	}
	return it.Error()
}
