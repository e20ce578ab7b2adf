// Package mempool keeps the transfers that wait for a block: verified, in their accounts' order, fair between accounts, bounded in memory. What is not verified is never kept nor gossiped, and reserves nothing.
package mempool

import (
	"container/list"
	"errors"
	"fmt"
	"sync"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

var (
	// ErrFull: no room, and no account has more waiting than this one.
	ErrFull = errors.New("the mempool is full")
	// ErrWindow: too far ahead of what the account has sent.
	ErrWindow = errors.New("sequence is too far ahead")
	// ErrKnown: another transaction with this sequence waits.
	ErrKnown = errors.New("the account has sent another transaction with this sequence")
	// ErrSeen: the same transaction waits already.
	ErrSeen = errors.New("tx already exists in cache")
	// ErrStarting: there is no block yet that transactions could be held against.
	ErrStarting = errors.New("the node is starting")
)

// Config of a pool.
type Config struct {
	// Window of sequences that an account can have waiting.
	Window int
	// Bytes and Transactions that wait at most.
	Bytes, Transactions int
}

// DefaultConfig of a node.
func DefaultConfig() Config { return Config{Window: 64, Bytes: 64 << 20, Transactions: 100_000} }

// State that transfers are held against.
type State interface {
	// Rules of the next block.
	Rules() (lattice.Rules, bool)
	// Get an account's record as of the last block.
	Get(lattice.Address) (lattice.Record, bool, error)
}

// Pool of waiting transfers. For use by many goroutines.
type Pool struct {
	cfg    Config
	state  State
	intake *intake.Intake

	mu sync.Mutex
	// queues by sender; order has those with something that a block can take, who waited longest first; crowds has all by how many they have waiting.
	queues map[lattice.Address]*queue
	order  *list.List
	crowds []*list.List
	bytes  int
	count  int
	// fresh transactions, which peers have not been told of.
	fresh []*item
	why   *reasons
	// waiting for their verification.
	arrivals chan *arrival
}

// New pool.
func New(cfg Config, state State, in *intake.Intake) *Pool {
	p := &Pool{
		cfg: cfg, state: state, intake: in, queues: map[lattice.Address]*queue{}, order: list.New(), crowds: make([]*list.List, cfg.Window+1), why: newReasons(),
		arrivals: make(chan *arrival, 4096),
	}
	for i := range p.crowds {
		p.crowds[i] = list.New()
	}
	return p
}

// admit tells, before anything is verified, whether a transaction has a chance: what is refused here costs next to nothing.
func (p *Pool) admit(rules *lattice.Rules, tx *sendtx.Tx) error {
	r, found, err := lattice.Sender(p.state, tx.From)
	if err != nil {
		return err
	}
	to, err := lattice.Recipient(p.state, tx.To)
	if err != nil {
		return err
	}
	if !found || !r.IsOpen() {
		return fmt.Errorf("%w: %s holds nothing here; send it something first", lattice.ErrUnknown, sendtx.Bech32(tx.From))
	}
	if tx.Sequence < r.Sequence {
		return fmt.Errorf("%w, expected %d, got %d", lattice.ErrSequence, r.Sequence, tx.Sequence)
	}
	if tx.Sequence >= r.Sequence+uint64(p.cfg.Window) {
		return fmt.Errorf("%w: %d, the account is at %d and at most %d can wait", ErrWindow, tx.Sequence, r.Sequence, p.cfg.Window)
	}
	if _, _, err := rules.Admit(&r, &tx.Transfer, to); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err = p.room(tx)
	return err
}

// room tells whether a transaction can wait, and whether another one has to go for it. The pool is locked.
func (p *Pool) room(tx *sendtx.Tx) (crowded bool, err error) {
	waiting := 0
	if q := p.queues[tx.From]; q != nil {
		if other := q.find(tx.Sequence); other != nil {
			if other.Hash == tx.Hash {
				return false, ErrSeen
			}
			return false, fmt.Errorf("%w: %d", ErrKnown, tx.Sequence)
		}
		waiting = q.len()
	}
	if p.count < p.cfg.Transactions && p.bytes+tx.Size <= p.cfg.Bytes {
		return false, nil
	}
	if p.crowd(waiting+1) == nil {
		return false, fmt.Errorf("%w: %d transactions of %d bytes wait; try again", ErrFull, p.count, p.bytes)
	}
	return true, nil
}

// crowd is an account that has the most transactions waiting, if these are more than so many.
func (p *Pool) crowd(than int) *queue {
	for n := len(p.crowds) - 1; n > than; n-- {
		if e := p.crowds[n].Front(); e != nil {
			return e.Value.(*queue)
		}
	}
	return nil
}

// makeRoom for a transaction by letting those go that came last from who has the most waiting. The pool is locked.
func (p *Pool) makeRoom(rules *lattice.Rules, tx *sendtx.Tx) error {
	for {
		crowded, err := p.room(tx)
		if err != nil || !crowded {
			return err
		}
		waiting := 0
		if q := p.queues[tx.From]; q != nil {
			waiting = q.len()
		}
		q := p.crowd(waiting + 1)
		p.dropLast(rules, q, fmt.Errorf("%w, and no account had more waiting than this one, %d; send it again", ErrFull, q.len()))
		p.line(q)
	}
}

// keep a verified transaction.
func (p *Pool) keep(rules *lattice.Rules, a *arrival) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	tx := a.tx
	if err := p.makeRoom(rules, tx); err != nil {
		return err
	}
	q := p.queues[tx.From]
	if q == nil {
		r, _, err := p.state.Get(tx.From)
		if err != nil {
			return err
		}
		q = newQueue(tx.From, r)
	}
	it := &item{Tx: tx, raw: a.raw, peer: a.peer}
	if err := p.enqueue(rules, q, it); err != nil {
		p.line(q)
		return err
	}
	p.tell(it)
	p.line(q)
	return nil
}

// Build the transactions of a block by its rules: account by account, one of each in every round, those first that waited longest. All of them can be executed in that order.
// Take, where there is one, is asked in that order which of them there is room for: an account whose turn it leaves out waits for the next block.
func (p *Pool) Build(rules *lattice.Rules, maxBytes int64, maxCount int, take func(*lattice.Transfer) bool) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	type cursor struct {
		q    *queue
		next int
		r    lattice.Record
	}
	var (
		line []cursor
		out  [][]byte
		size int64
	)
	for e := p.order.Front(); e != nil && len(line) < maxCount; e = e.Next() {
		q := e.Value.(*queue)
		r, found, err := p.state.Get(q.address)
		if err != nil || !found {
			continue
		}
		c := cursor{q: q, r: r}
		// What is in a block already stays until the pool hears of it.
		for c.next < len(q.ready) && q.ready[c.next].Sequence < r.Sequence {
			c.next++
		}
		line = append(line, c)
	}
	for len(line) > 0 {
		kept := line[:0]
		for i := range line {
			c := &line[i]
			if c.next >= len(c.q.ready) {
				continue
			}
			it := c.q.ready[c.next]
			// A tag and a length of up to three bytes go with every transaction of a block.
			need := int64(it.Size) + 4
			if len(out) >= maxCount || size+need > maxBytes {
				return out
			}
			to, err := lattice.Recipient(p.state, it.To)
			if err == nil {
				_, _, err = rules.Debit(&c.r, &it.Transfer, to)
			}
			if err != nil {
				// It may come again with the quota; what never can is dropped with the next sweep.
				c.q.stale = true
				continue
			}
			if take != nil && !take(&it.Transfer) {
				continue
			}
			out = append(out, it.raw)
			size += need
			c.next++
			kept = append(kept, *c)
		}
		line = kept
	}
	return out
}

// Committed tells the pool of a block: the accounts whose transactions were executed, also other nodes'. Those that were served go to the end of the line.
func (p *Pool) Committed(touched []lattice.Address) {
	rules, ok := p.state.Rules()
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range touched {
		if q := p.queues[a]; q != nil {
			p.settle(&rules, q)
			p.line(q)
		}
	}
	if rules.Height%sweepEvery != 0 {
		return
	}
	for _, q := range p.queues {
		if q.stale || q.ends < rules.Height {
			p.renew(&rules, q)
			p.line(q)
		}
	}
}

// sweepEvery so many blocks goes what no block can take any more, though nobody touched its account.
const sweepEvery = 16

// Why a transaction that waited was dropped; nil where it was not, or long ago.
func (p *Pool) Why(hash lattice.Hash) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why.of(hash)
}

// Len is how many transactions wait.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}
