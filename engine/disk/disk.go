// Package disk keeps a shard's accounts, their units and the index of transactions in a Pebble database: one batch per block, on disk before the multistore commits, with what takes it back.
package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

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
	// keyTransaction: hash 32 → Entry.
	keyTransaction = 't'
	// keyUnit: address 20, number u64 → Unit.
	keyUnit = 'u'
)

// ErrCorrupt tells that the database holds what was never written to it.
var ErrCorrupt = errors.New("the accounts' database is corrupt")

// Disk is one shard's database.
type Disk struct {
	db *pebble.DB
	// head as of the last commit.
	head Head
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
		// Most of what is written is never written again: it is merged when there is much of it.
		L0CompactionThreshold: 8, LBaseMaxBytes: 512 << 20,
	}
	// Hashes and keys do not get smaller.
	options.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	db, err := pebble.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the accounts' database %s: %w", dir, err)
	}
	d := &Disk{db: db}
	if err := d.get([]byte{keyHead}, &d.head); err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// Close the database.
func (d *Disk) Close() error { return d.db.Close() }

// Head of the last commit; height 0 of a new database.
func (d *Disk) Head() Head { return d.head }

// message of the generated types.
type message interface {
	Marshal() ([]byte, error)
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
	batch := d.db.NewBatchWithSize(1 << 20)
	defer func() { err = errors.Join(err, batch.Close()) }()
	before := d.head
	undo := &Undo{Before: &before, Transactions: make([][]byte, len(b.Transactions))}
	w := writer{batch: batch}
	for i := range b.Journal.Changes {
		c := &b.Journal.Changes[i]
		undo.Slots = append(undo.Slots, &Slot{Bucket: c.Bucket, Slot: c.Slot, Record: c.Before})
		w.slot(c.Bucket, c.Slot, c.After)
	}
	for _, r := range b.Journal.Resizes {
		undo.Sizes = append(undo.Sizes, &Size{Bucket: r.Bucket, Slots: r.Before})
		w.size(r.Bucket, r.After)
	}
	for i := range b.Transactions {
		undo.Transactions[i] = b.Transactions[i][:]
		w.message(transactionKey(b.Transactions[i]), &b.Entries[i])
	}
	for i := range b.Units {
		u := &b.Units[i]
		w.message(unitKey(u.Account, u.Number), &Unit{
			Previous: u.Previous[:], Kind: uint32(u.Kind), Sequence: u.Sequence, Peer: u.Peer[:], Amount: u.Amount.Encode(), Balance: u.Balance.Encode(), Transaction: u.Transaction[:], Height: b.Height,
		})
	}
	head := Head{Height: b.Height, Root: b.Root[:], Accounts: b.Accounts}
	w.message([]byte{keyUndo}, undo)
	w.message([]byte{keyHead}, &head)
	if w.err == nil {
		w.err = batch.Commit(pebble.Sync)
	}
	if w.err != nil {
		return fmt.Errorf("write block %d to the accounts' database: %w", b.Height, w.err)
	}
	d.head = head
	return nil
}

// Undo takes the last commit back. It can be done once.
func (d *Disk) Undo() (err error) {
	var undo Undo
	if err := d.get([]byte{keyUndo}, &undo); err != nil {
		return fmt.Errorf("there is nothing that takes height %d back: %w", d.head.Height, err)
	}
	batch := d.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	w := writer{batch: batch}
	for _, s := range undo.Slots {
		w.slot(s.Bucket, s.Slot, s.Record)
	}
	for _, s := range undo.Sizes {
		w.size(s.Bucket, s.Slots)
	}
	for _, hash := range undo.Transactions {
		if w.err == nil {
			w.err = batch.Delete(append([]byte{keyTransaction}, hash...), nil)
		}
	}
	w.message([]byte{keyHead}, undo.Before)
	if w.err == nil {
		w.err = batch.Delete([]byte{keyUndo}, nil)
	}
	if w.err == nil {
		w.err = batch.Commit(pebble.Sync)
	}
	if w.err != nil {
		return fmt.Errorf("take height %d back: %w", d.head.Height, w.err)
	}
	d.head = *undo.Before
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
	bz, err := m.Marshal()
	if w.err == nil {
		w.err = err
	}
	w.set(key, bz)
}

func (w *writer) slot(bucket, slot uint32, record []byte) {
	key := slotKey(bucket, slot)
	if len(record) > 0 {
		w.set(key, record)
	} else if w.err == nil {
		w.err = w.batch.Delete(key, nil)
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

func slotKey(bucket, slot uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{keySlot}, bucket), slot)
}

func transactionKey(hash lattice.Hash) []byte { return append([]byte{keyTransaction}, hash[:]...) }

func unitKey(a lattice.Address, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte{keyUnit}, a[:]...), number)
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

// Transaction finds what became of a transaction; false where it is not known.
func (d *Disk) Transaction(hash lattice.Hash) (e Entry, found bool, err error) {
	err = d.get(transactionKey(hash), &e)
	if errors.Is(err, pebble.ErrNotFound) {
		return e, false, nil
	}
	return e, err == nil, err
}

// Unit of an account's chain by its number, and the height that made it.
func (d *Disk) Unit(a lattice.Address, number uint64) (u lattice.Unit, height uint64, err error) {
	var s Unit
	if err := d.get(unitKey(a, number), &s); err != nil {
		return u, 0, fmt.Errorf("unit %d of %x: %w", number, a, err)
	}
	u = lattice.Unit{Account: a, Number: number, Kind: lattice.UnitKind(s.Kind), Sequence: s.Sequence}
	if len(s.Previous) != lattice.HashSize || len(s.Peer) != lattice.AddressSize || len(s.Transaction) != lattice.HashSize {
		return u, 0, fmt.Errorf("%w: unit %d of %x", ErrCorrupt, number, a)
	}
	u.Previous, u.Peer, u.Transaction = lattice.Hash(s.Previous), lattice.Address(s.Peer), lattice.Hash(s.Transaction)
	if u.Amount, err = lattice.DecodeBalance(s.Amount); err == nil {
		u.Balance, err = lattice.DecodeBalance(s.Balance)
	}
	return u, s.Height, err
}
