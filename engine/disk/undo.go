package disk

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/lattice"
)

// slotHead is what stands before a slot's record in an undo record: bucket u32, slot u32, length u32. A block changes thousands.
const slotHead = 4 + 4 + 4

// undo writes what takes a block back that comes after a head.
func (w *writer) undo(before *Head, b *Block) {
	if w.err != nil {
		return
	}
	undo := &Undo{Before: before, Height: b.Height, Transactions: make([]byte, 0, len(b.Transactions)*lattice.HashSize)}
	size := 0
	for i := range b.Journal.Changes {
		size += slotHead + len(b.Journal.Changes[i].Before)
	}
	undo.Slots = make([]byte, 0, size)
	for i := range b.Journal.Changes {
		c := &b.Journal.Changes[i]
		undo.Slots = binary.BigEndian.AppendUint32(undo.Slots, c.Bucket)
		undo.Slots = binary.BigEndian.AppendUint32(undo.Slots, c.Slot)
		undo.Slots = binary.BigEndian.AppendUint32(undo.Slots, uint32(len(c.Before)))
		undo.Slots = append(undo.Slots, c.Before...)
	}
	for _, r := range b.Journal.Resizes {
		undo.Sizes = append(undo.Sizes, &Size{Bucket: r.Bucket, Slots: r.Before})
	}
	for i := range b.Transactions {
		undo.Transactions = append(undo.Transactions, b.Transactions[i][:]...)
	}
	w.message([]byte{keyUndo}, undo)
}

// Undo takes the last commit back. It can be done once.
func (d *Disk) Undo() (err error) {
	var undo Undo
	err = d.get([]byte{keyUndo}, &undo)
	if err == nil && undo.Before == nil {
		err = ErrCorrupt
	}
	if err != nil {
		return fmt.Errorf("there is nothing that takes height %d back: %w", d.Head().Height, err)
	}
	batch := d.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	w := writer{batch: batch}
	for rest := undo.Slots; len(rest) > 0; {
		if len(rest) < slotHead || uint32(len(rest)-slotHead) < binary.BigEndian.Uint32(rest[8:]) {
			return fmt.Errorf("%w: what takes height %d back ends in the midst of a slot", ErrCorrupt, undo.Height)
		}
		end := slotHead + int(binary.BigEndian.Uint32(rest[8:]))
		w.slot(binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:]), rest[slotHead:end])
		rest = rest[end:]
	}
	for _, s := range undo.Sizes {
		w.size(s.Bucket, s.Slots)
	}
	w.forget(undo.Height, undo.Transactions)
	w.message([]byte{keyHead}, undo.Before)
	if w.err == nil {
		w.err = batch.Delete([]byte{keyUndo}, nil)
	}
	if w.err == nil {
		w.err = batch.Commit(pebble.Sync)
	}
	if w.err != nil {
		return fmt.Errorf("take height %d back: %w", undo.Height, w.err)
	}
	d.head.Store(undo.Before)
	return nil
}
