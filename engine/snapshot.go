package engine

import (
	"errors"
	"fmt"

	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
)

const (
	// viewsKept for snapshots that are still to be written.
	viewsKept = 2
	// maxPayload in bytes that the SDK's reader takes (store/v2/snapshots). Its writer would write more.
	maxPayload = 60_000_000
)

// view of a height, with what proves its ranges.
type view struct {
	*disk.View
	crown lattice.Crown
}

// SnapshotEvery so many blocks there is a view for a snapshot; 0 never.
func (e *Engine) SnapshotEvery(interval uint64) { e.interval = interval }

// pin a view of what was committed, for a snapshot that is written while blocks go on.
func (e *Engine) pin(crown lattice.Crown) error {
	e.views.Lock()
	defer e.views.Unlock()
	e.views.list = append(e.views.list, &view{e.disk.View(), crown})
	if len(e.views.list) <= viewsKept {
		return nil
	}
	oldest := e.views.list[0]
	e.views.list = e.views.list[1:]
	return oldest.Close()
}

// take the view of a height.
func (e *Engine) take(height uint64) *view {
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

// Snapshot of a height, payload by payload: each is a range of buckets that leads to the root by itself.
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
		for _, h := range view.crown.Path(lattice.RangeOf(next.Buckets[0].Number)) {
			next.Path = append(next.Path, h[:])
		}
		bz, err := next.Marshal()
		if err != nil {
			return err
		}
		if len(bz) > e.payload {
			return fmt.Errorf("%w: the range of bucket %d has %d bytes, a payload of a snapshot %d at most: the shard is too large for its prefix, and nobody could restore this", ErrState, next.Buckets[0].Number, len(bz), e.payload)
		}
		next = disk.Range{}
		return write(bz)
	}
	if err := view.Load(func(number uint32, slots lattice.Slots) error {
		if n := len(next.Buckets); n > 0 && lattice.RangeOf(next.Buckets[n-1].Number) != lattice.RangeOf(number) {
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

// Restore a snapshot of a height, instead of whatever there is. read answers payloads, and nil after the last one. Each must lead to the root that the chain's state names; all together must be all there is.
func (e *Engine) Restore(prefix lattice.Prefix, height uint64, root lattice.Hash, read func() ([]byte, error)) error {
	accounts, err := newAccounts(prefix)
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
		if err := restore(accounts, root, in, payload); err != nil {
			return errors.Join(err, in.Abandon())
		}
	}
	if got := accounts.Root(); got != root {
		return errors.Join(fmt.Errorf("%w: the snapshot's accounts have the root %x, the state of height %d names %x: a range is missing", ErrState, got, height, root), in.Abandon())
	}
	if err := in.Finish(height, root, height+1); err != nil {
		return err
	}
	return e.Start(prefix, height, root)
}

// restore one payload, once it is proven.
func restore(accounts *lattice.Accounts, root lattice.Hash, in *disk.Import, payload []byte) error {
	var r disk.Range
	if err := r.Unmarshal(payload); err != nil {
		return fmt.Errorf("%w: a payload of %d bytes: %w", lattice.ErrMalformed, len(payload), err)
	}
	buckets, path := make([]lattice.Bucket, len(r.Buckets)), make([]lattice.Hash, len(r.Path))
	for i, b := range r.Buckets {
		buckets[i] = lattice.Bucket{Number: b.Number, Slots: b.Slots}
	}
	for i, h := range r.Path {
		if len(h) != lattice.HashSize {
			return fmt.Errorf("%w: a hash of %d bytes in a payload's path", lattice.ErrMalformed, len(h))
		}
		path[i] = lattice.Hash(h)
	}
	if err := accounts.RestoreRange(root, buckets, path); err != nil {
		return err
	}
	for _, b := range r.Buckets {
		if err := in.Put(b.Number, b.Slots); err != nil {
			return err
		}
	}
	return nil
}
