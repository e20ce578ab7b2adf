package engine

import (
	"errors"
	"fmt"

	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
)

const (
	// payloadBuckets of a snapshot's payload: a range of the network's buckets.
	payloadBuckets = 1024
	// viewsKept for snapshots that are still to be written.
	viewsKept = 2
)

// SnapshotEvery so many blocks there is a view for a snapshot; 0 never.
func (e *Engine) SnapshotEvery(interval uint64) { e.interval = interval }

// pin a view of what was committed, for a snapshot that is written while blocks go on.
func (e *Engine) pin() error {
	if height := e.Height(); e.interval == 0 || height%e.interval != 0 {
		return nil
	}
	e.views.Lock()
	defer e.views.Unlock()
	e.views.list = append(e.views.list, e.disk.View())
	if len(e.views.list) <= viewsKept {
		return nil
	}
	oldest := e.views.list[0]
	e.views.list = e.views.list[1:]
	return oldest.Close()
}

// take the view of a height.
func (e *Engine) take(height uint64) *disk.View {
	e.views.Lock()
	defer e.views.Unlock()
	for i, v := range e.views.list {
		if v.Height == height {
			e.views.list = append(e.views.list[:i:i], e.views.list[i+1:]...)
			e.views.reading.Add(1)
			return v
		}
	}
	return nil
}

// unpin all views.
func (e *Engine) unpin() (err error) {
	e.views.Lock()
	defer e.views.Unlock()
	for _, v := range e.views.list {
		err = errors.Join(err, v.Close())
	}
	e.views.list = nil
	return err
}

// Snapshot of a height, payload by payload: each is a range of buckets.
func (e *Engine) Snapshot(height uint64, write func(payload []byte) error) (err error) {
	view := e.take(height)
	if view == nil {
		return fmt.Errorf("%w: there is no view of height %d for a snapshot; the next one is taken at a multiple of %d", ErrState, height, e.interval)
	}
	defer e.views.reading.Done()
	defer func() { err = errors.Join(err, view.Close()) }()
	var next disk.Range
	flush := func() error {
		if len(next.Buckets) == 0 {
			return nil
		}
		bz, err := next.Marshal()
		if err != nil {
			return err
		}
		next = disk.Range{}
		return write(bz)
	}
	if err := view.Load(func(number uint32, slots lattice.Slots) error {
		if n := len(next.Buckets); n > 0 && next.Buckets[n-1].Number/payloadBuckets != number/payloadBuckets {
			if err := flush(); err != nil {
				return err
			}
		}
		next.Buckets = append(next.Buckets, &disk.Bucket{Number: number, Slots: slots})
		return nil
	}); err != nil {
		return err
	}
	return flush()
}

// Restore a snapshot of a height, instead of whatever there is. read answers payloads, and nil after the last one. The accounts' root must be the one that the chain's state names.
func (e *Engine) Restore(prefix lattice.Prefix, height uint64, root lattice.Hash, read func() ([]byte, error)) error {
	accounts, err := lattice.NewAccounts(prefix)
	if err != nil {
		return err
	}
	in, err := e.disk.Import()
	if err != nil {
		return err
	}
	for {
		payload, err := read()
		if err != nil {
			return errors.Join(err, in.Abandon())
		}
		if payload == nil {
			break
		}
		if err := restore(accounts, in, payload); err != nil {
			return errors.Join(err, in.Abandon())
		}
	}
	if got := accounts.Root(); got != root {
		return errors.Join(fmt.Errorf("%w: the snapshot's accounts have the root %x, the state of height %d names %x", ErrState, got, height, root), in.Abandon())
	}
	if err := in.Finish(height, root); err != nil {
		return err
	}
	return e.Start(prefix, height, root)
}

// restore one payload.
func restore(accounts *lattice.Accounts, in *disk.Import, payload []byte) error {
	var r disk.Range
	if err := r.Unmarshal(payload); err != nil {
		return fmt.Errorf("%w: a payload of %d bytes: %w", lattice.ErrMalformed, len(payload), err)
	}
	for _, b := range r.Buckets {
		if err := accounts.Restore(b.Number, b.Slots); err != nil {
			return err
		}
		if err := in.Put(b.Number, b.Slots); err != nil {
			return err
		}
	}
	return nil
}
