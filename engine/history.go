package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
)

// pruneEvery so many blocks history leaves: each time costs a little, however much it is.
const pruneEvery = 256

// Transaction finds what became of a transaction.
func (e *Engine) Transaction(hash lattice.Hash) (disk.Entry, bool, error) {
	return e.disk.Transaction(hash, 0)
}

// ExecutedBy tells whether a transaction was executed here, also where it is in the block of this height that is not on disk yet.
func (e *Engine) ExecutedBy(hash lattice.Hash, height uint64) (bool, error) {
	e.mu.RLock()
	pending := e.block != nil && e.block.Height == height && slices.Contains(e.block.Transactions, hash)
	e.mu.RUnlock()
	if pending {
		return true, nil
	}
	_, here, err := e.Transaction(hash)
	return here, err
}

// TransactionSince a height finds what became of a transaction, for who has just sent it and asks often.
func (e *Engine) TransactionSince(hash lattice.Hash, height uint64) (disk.Entry, bool, error) {
	return e.disk.Transaction(hash, height)
}

// Units of an account backwards from one of them, whose number and block's height are given, until visit answers false or this node's history ends.
func (e *Engine) Units(a lattice.Address, number, height uint64, visit func(u lattice.Unit, height uint64) bool) error {
	for number > 0 {
		u, err := e.unit(a, number, height)
		if errors.Is(err, disk.ErrPruned) {
			return nil
		}
		if err != nil {
			return err
		}
		if !visit(u, height) {
			return nil
		}
		number, height = number-1, u.Before
	}
	return nil
}

// unit of a block, which may not be on disk yet.
func (e *Engine) unit(a lattice.Address, number, height uint64) (lattice.Unit, error) {
	if u, found := e.pending(a, number, height); found {
		return u, nil
	}
	return e.disk.Unit(height, a, number)
}

func (e *Engine) pending(a lattice.Address, number, height uint64) (lattice.Unit, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.block == nil || e.block.Height != height {
		return lattice.Unit{}, false
	}
	units := e.block.Units
	at, found := slices.BinarySearchFunc(units, number, func(u lattice.Unit, number uint64) int {
		return cmp.Or(bytes.Compare(u.Account[:], a[:]), cmp.Compare(u.Number, number))
	})
	if !found {
		return lattice.Unit{}, false
	}
	return units[at], true
}

// Prune the history of blocks below a height.
func (e *Engine) Prune(below uint64) error {
	if below < e.disk.Head().History+pruneEvery {
		return nil
	}
	return e.disk.Prune(below)
}

// Discard the history of blocks below a height, however little it is, and give its room on disk back.
func (e *Engine) Discard(ctx context.Context, below uint64) error {
	return errors.Join(e.disk.Prune(below), e.disk.Compact(ctx))
}
