// Package engine is one shard's machine: its accounts in memory, executed in lanes and kept on disk. The chain around it (x/lattice, app/shardchain) says when; the rules are protocol/lattice's.
package engine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// maxDropped closed accounts leave the tree in one block after their epoch has ended.
const maxDropped = 10_000

// ErrState tells that the accounts on disk and the chain's state are not of one height, and no restart makes them so.
var ErrState = errors.New("the accounts do not belong to the chain's state")

// errEmpty: the node has neither genesis nor snapshot yet.
var errEmpty = fmt.Errorf("%w: there are no accounts yet; the node is starting", ErrState)

// errGate is why the gate's account is nowhere.
var errGate = fmt.Errorf("%w: account %s is the main chain's gate", lattice.ErrNotOwned, sendtx.Bech32(receipt.GateAddress()))

// errBetween: a block is being executed.
var errBetween = errors.New("a block is being executed; ask again")

// Engine of a shard. One goroutine executes and commits; any number may read meanwhile.
type Engine struct {
	disk *disk.Disk
	// lanes of an execution; closed accounts that leave at once; bytes of a snapshot's payload.
	lanes, atOnce, payload int
	// interval of snapshots in blocks, and the views for them.
	interval uint64
	views    struct {
		sync.Mutex
		list []*view
		// reading snapshots, for which the database stays open.
		reading sync.WaitGroup
	}

	mu       sync.RWMutex
	accounts *lattice.Accounts
	// routes of the network, by which the owner of another shard's account is named.
	routes trie.Table
	// closed accounts that still keep their sequences.
	closed map[lattice.Address]bool
	// ending are those that the last epoch's end lets go, in ascending order; epoch is that of which it was made.
	ending []lattice.Address
	epoch  uint64
	// fresh: ending was made for epoch.
	fresh bool
	// rules of the last block, for what waits for the next one.
	rules *lattice.Rules
	// between accounts that have left already and a block's transfers that are still executed, accounts are of no height.
	between bool
	// block that was executed and is not on disk yet.
	block *disk.Block
}

// Open the accounts in a folder, which is made where there is none. Start makes them ready.
func Open(dir string) (*Engine, error) { return OpenOn(vfs.Default, dir) }

// OpenOn another file system than the machine's.
func OpenOn(fs vfs.FS, dir string) (*Engine, error) {
	d, err := disk.Open(fs, dir)
	if err != nil {
		return nil, err
	}
	return &Engine{disk: d, lanes: runtime.GOMAXPROCS(0), atOnce: maxDropped, payload: maxPayload}, nil
}

// Close the database.
func (e *Engine) Close() error {
	err := e.unpin()
	e.views.reading.Wait()
	return errors.Join(err, e.disk.Close())
}

// Route accounts of other shards by a table from now on: whoever asks for one hears whose it is.
func (e *Engine) Route(table trie.Table) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.routes = table
	if e.accounts != nil {
		e.accounts.NameOwners(table.Elsewhere)
	}
}

// Height on disk.
func (e *Engine) Height() uint64 { return e.disk.Head().Height }

// Start with the accounts of a height, whose root the chain's state names. Accounts that are a block ahead, as a power cut between the two commits leaves them, are taken back.
func (e *Engine) Start(prefix lattice.Prefix, height uint64, root lattice.Hash) error {
	if e.Height() == height+1 {
		if err := e.disk.Undo(); err != nil {
			return err
		}
	}
	if have := e.Height(); have != height {
		return fmt.Errorf("%w: the accounts are those of height %d, the state is of height %d; restore the folder of accounts and that of the state from one backup, or sync the node anew", ErrState, have, height)
	}
	accounts, err := newAccounts(prefix)
	if err != nil {
		return err
	}
	if err := e.disk.Load(accounts.Restore); err != nil {
		return err
	}
	if got := accounts.Root(); got != root {
		return fmt.Errorf("%w: at height %d the accounts' root is %x, the state names %x; restore both folders from one backup, or sync the node anew", ErrState, height, got, root)
	}
	return e.begin(accounts)
}

// Seed a new shard with genesis: what fill puts into it, before the block of the first height. It is on disk when Seed answers, piece by piece, so that a million accounts are not one batch with
// the first block. Whatever there was before that block is replaced: the chain begins anew where the power failed before its first state was written.
func (e *Engine) Seed(prefix lattice.Prefix, first uint64, fill func(*lattice.Accounts) error) (root lattice.Hash, err error) {
	if have := e.Height(); have > first {
		return root, fmt.Errorf("%w: genesis of a chain that begins with block %d, and accounts of height %d", ErrState, first, have)
	}
	accounts, err := newAccounts(prefix)
	if err != nil {
		return root, err
	}
	e.mu.RLock()
	accounts.NameOwners(e.routes.Elsewhere)
	e.mu.RUnlock()
	if err := fill(accounts); err != nil {
		return root, err
	}
	root = accounts.Root()
	in, err := e.disk.Import()
	if err != nil {
		return root, err
	}
	if err := buckets(accounts, in.Put); err != nil {
		return root, errors.Join(err, in.Abandon())
	}
	if err := in.Finish(0, root, first); err != nil {
		return root, err
	}
	return root, e.begin(accounts)
}

// begin with accounts as they are on disk.
func (e *Engine) begin(accounts *lattice.Accounts) error {
	closed := map[lattice.Address]bool{}
	if err := accounts.Walk(func(r lattice.Record) error {
		if !r.IsOpen() {
			closed[r.Address] = true
		}
		return nil
	}); err != nil {
		return err
	}
	accounts.Keep()
	e.mu.Lock()
	defer e.mu.Unlock()
	accounts.NameOwners(e.routes.Elsewhere)
	e.accounts, e.closed, e.fresh, e.block = accounts, closed, false, nil
	return nil
}

// newAccounts of a shard. The main chain's gate is no shard's, wherever its bucket is.
func newAccounts(prefix lattice.Prefix) (*lattice.Accounts, error) {
	accounts, err := lattice.NewAccounts(prefix)
	if err == nil {
		accounts.Exclude(receipt.GateAddress(), errGate)
	}
	return accounts, err
}

// Result of a block.
type Result struct {
	*lattice.Effects
	Root     lattice.Hash
	Accounts uint64
	// Executed transfers.
	Executed uint64
}

// Execute a block's transfers, which stand in it at these places, and arrivals from other shards. What it did is read at once and on disk after Commit.
func (e *Engine) Execute(rules lattice.Rules, txs []*sendtx.Tx, places []int, arrivals []lattice.Arrival) (*Result, error) {
	transfers, hashes := make([]lattice.Transfer, len(txs)), make([]lattice.Hash, len(txs))
	for i, tx := range txs {
		transfers[i], hashes[i] = tx.Transfer, tx.Hash
	}
	if !rules.Ended {
		if err := e.drop(rules.Epoch); err != nil {
			return nil, err
		}
	}
	effects, err := rules.Execute(e.accounts, transfers, arrivals, e.lanes, together)
	if err != nil {
		return nil, err
	}
	block := &disk.Block{Height: rules.Height, Units: effects.Units, Transactions: hashes, Entries: make([]disk.Entry, len(txs))}
	executed := uint64(len(txs))
	for i, v := range effects.Verdicts {
		block.Entries[i] = disk.Entry{Height: rules.Height, Index: uint32(places[i]), Returned: v.Returned}
		if v.Err != nil {
			executed--
			block.Entries[i].Code, block.Entries[i].Log = Code(v.Err), v.Err.Error()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := effects.Apply(e.accounts); err != nil {
		return nil, err
	}
	for i := range effects.Changed {
		if r := &effects.Changed[i]; r.IsOpen() {
			delete(e.closed, r.Address)
		} else {
			e.closed[r.Address] = true
		}
	}
	for _, a := range effects.Dropped {
		delete(e.closed, a)
	}
	block.Root, block.Accounts = e.accounts.Root(), e.accounts.Len()
	e.block, e.rules, e.between = block, &rules, false
	return &Result{effects, block.Root, block.Accounts, executed}, nil
}

// Check transfers against the accounts as they are: every one must be executed in that order, or none is proposed.
func (e *Engine) Check(rules lattice.Rules, txs []*sendtx.Tx) error {
	senders := make(map[lattice.Address]*lattice.Record, len(txs))
	e.mu.RLock()
	defer e.mu.RUnlock()
	for i, tx := range txs {
		r := senders[tx.From]
		if r == nil {
			record, _, err := lattice.Sender(e.accounts, tx.From)
			if err != nil {
				return fmt.Errorf("transfer %d: %w", i, err)
			}
			r = &record
			senders[tx.From] = r
		}
		to, err := lattice.Recipient(e.accounts, tx.To)
		if err != nil {
			return fmt.Errorf("transfer %d: %w", i, err)
		}
		if _, _, err := rules.Debit(r, &tx.Transfer, to); err != nil {
			return fmt.Errorf("transfer %d: %w", i, err)
		}
	}
	return nil
}

// drop closed accounts whose sequences nothing needs any more, so many in a block.
func (e *Engine) drop(epoch uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.fresh || e.epoch != epoch {
		e.ending, e.epoch, e.fresh = nil, epoch, true
		for _, a := range slices.SortedFunc(maps.Keys(e.closed), func(a, b lattice.Address) int { return bytes.Compare(a[:], b[:]) }) {
			r, _, err := e.accounts.Get(a)
			if err != nil {
				return err
			}
			if r.Droppable(epoch) {
				e.ending = append(e.ending, a)
			}
		}
	}
	for dropped := 0; len(e.ending) > 0 && dropped < e.atOnce; {
		a := e.ending[0]
		e.ending = e.ending[1:]
		// Who was made anew and closed again since the epoch began keeps its sequence until the next one.
		r, found, err := e.accounts.Get(a)
		if err != nil {
			return err
		}
		if !found || !r.Droppable(epoch) {
			continue
		}
		if _, err := e.accounts.Close(a); err != nil {
			return err
		}
		delete(e.closed, a)
		e.between = true
		dropped++
	}
	return nil
}

// Commit the executed block to disk, before the chain's state commits.
func (e *Engine) Commit() error {
	e.mu.Lock()
	block := e.block
	if block == nil {
		e.mu.Unlock()
		return fmt.Errorf("%w: commit without a block", ErrState)
	}
	block.Journal = e.accounts.Changed()
	var crown *lattice.Crown
	if e.interval > 0 && block.Height%e.interval == 0 {
		now := e.accounts.Crown()
		crown = &now
	}
	e.mu.Unlock()
	err := e.disk.Commit(block)
	e.mu.Lock()
	e.block = nil
	e.mu.Unlock()
	if err != nil {
		return err
	}
	if crown == nil {
		return nil
	}
	return e.pin(*crown)
}

// Expect the next block by these rules, as a node does that has just started.
func (e *Engine) Expect(rules lattice.Rules) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = &rules
}

// Rules by which the next block would be executed if it came at once; false as long as there is no block.
func (e *Engine) Rules() (lattice.Rules, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.rules == nil {
		return lattice.Rules{}, false
	}
	next := *e.rules
	next.Height++
	return next, true
}

// Get an account's record; false where there is none.
func (e *Engine) Get(a lattice.Address) (lattice.Record, bool, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.accounts == nil {
		return lattice.Record{}, false, errEmpty
	}
	return e.accounts.Get(a)
}

// Head that a proof leads to.
type Head struct {
	Height uint64
	Root   lattice.Hash
}

// Proof of an account's record, with the head that it leads to.
func (e *Engine) Proof(a lattice.Address) (r lattice.Record, p lattice.Proof, head Head, err error) {
	// Paths are made when they are asked for.
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.accounts == nil {
		return r, p, head, errEmpty
	}
	if e.between {
		return r, p, head, errBetween
	}
	if p, err = e.accounts.Prove(a); err != nil {
		return r, p, head, err
	}
	r, _, err = e.accounts.Get(a)
	head.Root = e.accounts.Root()
	if e.rules != nil {
		head.Height = e.rules.Height
	}
	return r, p, head, err
}

// Executed is the head as of the last executed block, which may not be on disk yet.
func (e *Engine) Executed() (Head, error) {
	// The root is made when it is asked for.
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.accounts == nil || e.rules == nil {
		return Head{}, errEmpty
	}
	if e.between {
		return Head{}, errBetween
	}
	return Head{Height: e.rules.Height, Root: e.accounts.Root()}, nil
}

// Halves of the accounts' root: those of the children that a split makes.
func (e *Engine) Halves() (left, right lattice.Hash, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.accounts == nil {
		return left, right, errEmpty
	}
	if e.between {
		return left, right, errBetween
	}
	return e.accounts.Child(0), e.accounts.Child(1), nil
}

// Buckets visits all buckets that have accounts, in their order.
func (e *Engine) Buckets(visit func(number uint32, slots lattice.Slots) error) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.accounts == nil {
		return errEmpty
	}
	return buckets(e.accounts, visit)
}

// buckets that have accounts, in their order.
func buckets(accounts *lattice.Accounts, visit func(number uint32, slots lattice.Slots) error) error {
	p := accounts.Prefix()
	first := p.Bits << (lattice.BucketBits - uint32(p.Len))
	for i := range uint32(p.Buckets()) {
		slots, err := accounts.Bucket(first + i)
		if err != nil {
			return err
		}
		if slots == nil {
			continue
		}
		if err := visit(first+i, slots); err != nil {
			return err
		}
	}
	return nil
}

// Walk visits all records.
func (e *Engine) Walk(visit func(lattice.Record) error) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.accounts == nil {
		return errEmpty
	}
	return e.accounts.Walk(visit)
}

// together runs lanes at once.
func together(n int, run func(i int)) {
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() { run(i) })
	}
	work.Wait()
}
