package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/lattice"
)

// History is kept so that old blocks leave by their heights, whatever accounts they touched: units stand in the order in which they were made, and transactions in generations of blocks.
const (
	// generation of blocks whose transactions leave together: half a day of them.
	generation = 1 << 16
	// unitsTogether in a value: enough for few keys, few enough to read one of them.
	unitsTogether = 16
)

// ErrPruned tells that what is asked for is not, or no longer, in this node's history.
var ErrPruned = errors.New("not in this node's history")

// transactionKey of a generation.
func transactionKey(generation uint64, hash []byte) []byte {
	b := append(make([]byte, 0, 1+4+lattice.HashSize), keyTransaction)
	return append(binary.BigEndian.AppendUint32(b, uint32(generation)), hash...)
}

// unitsKey of the units from one of an account on.
func unitsKey(height uint64, a lattice.Address, number uint64) []byte {
	b := append(make([]byte, 0, 1+8+lattice.AddressSize+8), keyUnits)
	b = append(binary.BigEndian.AppendUint64(b, height), a[:]...)
	return binary.BigEndian.AppendUint64(b, number)
}

// history writes a block's transactions and units.
func (w *writer) history(b *Block) {
	for i := range b.Transactions {
		w.message(transactionKey(b.Height/generation, b.Transactions[i][:]), &b.Entries[i])
	}
	var value []byte
	for units := b.Units; len(units) > 0; {
		n := min(unitsTogether, len(units))
		value = value[:0]
		for i := range units[:n] {
			value = units[i].Append(value)
		}
		w.set(unitsKey(b.Height, units[0].Account, units[0].Number), value)
		units = units[n:]
	}
}

// forget a block's history: transactions are hashes, one after the other.
func (w *writer) forget(height uint64, transactions []byte) {
	for ; len(transactions) >= lattice.HashSize && w.err == nil; transactions = transactions[lattice.HashSize:] {
		w.err = w.batch.Delete(transactionKey(height/generation, transactions[:lattice.HashSize]), nil)
	}
	if w.err == nil {
		w.err = w.batch.DeleteRange(unitsKey(height, lattice.Address{}, 0), unitsKey(height+1, lattice.Address{}, 0), nil)
	}
}

// Prune the history of blocks below a height. Transactions of the generation that the height is in stay until the next one.
func (d *Disk) Prune(below uint64) (err error) {
	head := d.Head()
	if below <= head.History || below > head.Height {
		return nil
	}
	batch := d.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	if err := batch.DeleteRange(unitsKey(0, lattice.Address{}, 0), unitsKey(below, lattice.Address{}, 0), nil); err != nil {
		return err
	}
	if err := batch.DeleteRange(transactionKey(0, nil), transactionKey(below/generation, nil), nil); err != nil {
		return err
	}
	// What a power cut brings back is pruned the next time.
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("prune the history below height %d: %w", below, err)
	}
	head.History = below
	d.head.Store(&head)
	return nil
}

// Compact what was pruned away, now instead of by and by.
func (d *Disk) Compact(ctx context.Context) error {
	return d.db.Compact(ctx, []byte{0}, []byte{0xff}, false)
}

// Transaction finds what became of a transaction, in blocks from a height on; false where it is not known.
func (d *Disk) Transaction(hash lattice.Hash, since uint64) (e Entry, found bool, err error) {
	head := d.head.Load()
	// The last ones are asked for most.
	for g := head.Height/generation + 1; g > max(head.History, since)/generation; g-- {
		err := d.get(transactionKey(g-1, hash[:]), &e)
		if err == nil || !errors.Is(err, pebble.ErrNotFound) {
			return e, err == nil, err
		}
	}
	return e, false, nil
}

// Unit of an account by its number, in the block that made it.
func (d *Disk) Unit(height uint64, a lattice.Address, number uint64) (u lattice.Unit, err error) {
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: unitsKey(height, lattice.Address{}, 0), UpperBound: unitsKey(height+1, lattice.Address{}, 0)})
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	missing := fmt.Errorf("%w: unit %d of %x in block %d", ErrPruned, number, a, height)
	key := unitsKey(height, a, number)
	// The last ones that do not begin after it.
	if !it.SeekLT(append(bytes.Clone(key), 0)) {
		// What cannot be read is not taken for what is not there.
		if err := it.Error(); err != nil {
			return u, err
		}
		return u, missing
	}
	rest, err := it.ValueAndErr()
	for err == nil && len(rest) > 0 {
		if u, rest, err = lattice.DecodeUnit(rest); err == nil && u.Account == a && u.Number == number {
			return u, nil
		}
	}
	if err != nil {
		return u, fmt.Errorf("%w: units of block %d: %w", ErrCorrupt, height, err)
	}
	return u, missing
}
