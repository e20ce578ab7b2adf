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
	// ErrFull: no room, and nothing that waits is worth less.
	ErrFull = errors.New("the mempool is full")
	// ErrWindow: too far ahead of what the account has sent.
	ErrWindow = errors.New("sequence is too far ahead")
	// ErrKnown: it waits already, or another with its sequence does.
	ErrKnown = errors.New("the account has sent another transaction with this sequence")
	// ErrSeen: the same transaction waits already.
	ErrSeen = errors.New("tx already exists in cache")
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
	// queues by sender; order has those with something that a block can take, who waited longest first.
	queues map[lattice.Address]*queue
	order  *list.List
	bytes  int
	count  int
	// fresh transactions, which peers have not been told of.
	fresh [][]byte
	// waiting for their verification.
	arrivals chan *arrival
}

// queue of an account.
type queue struct {
	address lattice.Address
	// ready are in order and can all be executed after the record; after is the record then.
	ready []*item
	after lattice.Record
	// later ones wait for what comes before them.
	later map[uint64]*item
	place *list.Element
}

type item struct {
	*sendtx.Tx
	raw []byte
}

// New pool.
func New(cfg Config, state State, in *intake.Intake) *Pool {
	return &Pool{cfg: cfg, state: state, intake: in, queues: map[lattice.Address]*queue{}, order: list.New(), arrivals: make(chan *arrival, 4096)}
}

// known tells whether an account is open.
func (p *Pool) known(a lattice.Address) bool {
	r, ok, err := p.state.Get(a)
	return err == nil && ok && r.IsOpen()
}

// admit tells, before anything is verified, whether a transaction has a chance: what is refused here costs next to nothing.
func (p *Pool) admit(rules *lattice.Rules, tx *sendtx.Tx) error {
	r, found, err := p.state.Get(tx.From)
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
	if _, _, err := rules.Admit(&r, &tx.Transfer, !p.known(tx.To)); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(tx)
}

// room tells whether a transaction can wait. The pool is locked.
func (p *Pool) room(tx *sendtx.Tx) error {
	if q := p.queues[tx.From]; q != nil {
		if other := q.find(tx.Sequence); other != nil {
			if other.Hash == tx.Hash {
				return ErrSeen
			}
			return fmt.Errorf("%w: %d", ErrKnown, tx.Sequence)
		}
	}
	if p.count >= p.cfg.Transactions || p.bytes+tx.Size > p.cfg.Bytes {
		return fmt.Errorf("%w: %d transactions of %d bytes wait; try again", ErrFull, p.count, p.bytes)
	}
	return nil
}

func (q *queue) find(sequence uint64) *item {
	if len(q.ready) > 0 {
		if first := q.ready[0].Sequence; sequence >= first && sequence-first < uint64(len(q.ready)) {
			return q.ready[sequence-first]
		}
	}
	return q.later[sequence]
}

// keep a verified transaction.
func (p *Pool) keep(rules *lattice.Rules, tx *sendtx.Tx, raw []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.room(tx); err != nil {
		return err
	}
	q := p.queues[tx.From]
	if q == nil {
		r, _, err := p.state.Get(tx.From)
		if err != nil {
			return err
		}
		q = &queue{address: tx.From, after: r, later: map[uint64]*item{}}
	}
	it := &item{tx, raw}
	switch {
	case tx.Sequence < q.after.Sequence:
		return fmt.Errorf("%w, expected %d, got %d", lattice.ErrSequence, q.after.Sequence, tx.Sequence)
	case tx.Sequence > q.after.Sequence:
		q.later[tx.Sequence] = it
	default:
		if err := p.append(rules, q, it); err != nil {
			// What came in since the queue began may pay for it.
			p.renew(rules, q)
			if err := p.append(rules, q, it); err != nil {
				return err
			}
		}
		p.promote(rules, q)
	}
	p.queues[tx.From] = q
	p.count++
	p.bytes += tx.Size
	p.fresh = append(p.fresh, raw)
	p.line(q)
	return nil
}

// append what comes next in a queue.
func (p *Pool) append(rules *lattice.Rules, q *queue, it *item) error {
	after := q.after
	if _, _, err := rules.Debit(&after, &it.Transfer, p.known(it.To)); err != nil {
		return err
	}
	q.after = after
	q.ready = append(q.ready, it)
	return nil
}

// promote what waited for its predecessors.
func (p *Pool) promote(rules *lattice.Rules, q *queue) {
	for {
		it := q.later[q.after.Sequence]
		if it == nil || p.append(rules, q, it) != nil {
			return
		}
		delete(q.later, it.Sequence)
	}
}

// renew a queue from its account's record: what was executed goes, and what can no longer follow goes back to wait or is dropped.
func (p *Pool) renew(rules *lattice.Rules, q *queue) {
	r, _, err := p.state.Get(q.address)
	if err != nil {
		return
	}
	for _, it := range q.ready {
		q.later[it.Sequence] = it
	}
	q.ready, q.after = nil, r
	for sequence, it := range q.later {
		if sequence < r.Sequence || sequence >= r.Sequence+uint64(p.cfg.Window) {
			delete(q.later, sequence)
			p.forget(it)
		}
	}
	p.promote(rules, q)
	// The next one is there and cannot be executed: it and what follows would wait for ever.
	if len(q.ready) == 0 && q.later[r.Sequence] != nil {
		for sequence, it := range q.later {
			delete(q.later, sequence)
			p.forget(it)
		}
	}
}

func (p *Pool) forget(it *item) {
	p.count--
	p.bytes -= it.Size
}

// line a queue up, or take it out of the line.
func (p *Pool) line(q *queue) {
	switch {
	case len(q.ready) > 0 && q.place == nil:
		q.place = p.order.PushBack(q)
	case len(q.ready) == 0 && q.place != nil:
		p.order.Remove(q.place)
		q.place = nil
	}
	if len(q.ready) == 0 && len(q.later) == 0 {
		delete(p.queues, q.address)
	}
}

// Build the transactions of the next block: account by account, one of each in every round, those first that waited longest. All of them can be executed in that order.
func (p *Pool) Build(maxBytes int64, maxCount int) [][]byte {
	rules, ok := p.state.Rules()
	if !ok {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	type cursor struct {
		q    *queue
		next int
		r    lattice.Record
	}
	var (
		line []*cursor
		out  [][]byte
		size int64
	)
	for e := p.order.Front(); e != nil && len(line) < maxCount; e = e.Next() {
		q := e.Value.(*queue)
		r, found, err := p.state.Get(q.address)
		if err != nil || !found {
			continue
		}
		c := &cursor{q: q, r: r}
		// What is in a block already stays until the pool hears of it.
		for c.next < len(q.ready) && q.ready[c.next].Sequence < r.Sequence {
			c.next++
		}
		line = append(line, c)
	}
	for len(line) > 0 {
		kept := line[:0]
		for _, c := range line {
			if c.next >= len(c.q.ready) {
				continue
			}
			it := c.q.ready[c.next]
			// A length of up to three bytes and a tag go with every transaction of a block.
			need := int64(it.Size) + 4
			if len(out) >= maxCount || size+need > maxBytes {
				return out
			}
			if _, _, err := rules.Debit(&c.r, &it.Transfer, p.known(it.To)); err != nil {
				continue
			}
			out = append(out, it.raw)
			size += need
			c.next++
			kept = append(kept, c)
		}
		line = kept
	}
	return out
}

// Committed tells the pool of a block: senders whose transactions are executed, and recipients, who may now afford what waits. Those that were served go to the end of the line.
func (p *Pool) Committed(touched []lattice.Address) {
	rules, ok := p.state.Rules()
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range touched {
		q := p.queues[a]
		if q == nil {
			continue
		}
		p.settle(&rules, q)
		p.line(q)
	}
}

// settle a queue after a block that touched its account. The pool is locked.
func (p *Pool) settle(rules *lattice.Rules, q *queue) {
	r, _, err := p.state.Get(q.address)
	if err != nil {
		return
	}
	served := 0
	for served < len(q.ready) && q.ready[served].Sequence < r.Sequence {
		p.forget(q.ready[served])
		served++
	}
	if served > 0 {
		q.ready = append([]*item(nil), q.ready[served:]...)
		if q.place != nil {
			p.order.MoveToBack(q.place)
		}
	}
	if len(q.ready) == 0 && len(q.later) == 0 {
		q.after = r
		return
	}
	p.renew(rules, q)
}

// Reap what peers have not been told of, each transaction once.
func (p *Pool) Reap(maxBytes int) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, size := 0, 0
	for n < len(p.fresh) && (maxBytes <= 0 || size+len(p.fresh[n]) <= maxBytes) {
		size += len(p.fresh[n])
		n++
	}
	out := p.fresh[:n:n]
	p.fresh = p.fresh[n:]
	if len(p.fresh) == 0 {
		p.fresh = nil
	}
	return out
}

// Len is how many transactions wait.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}
