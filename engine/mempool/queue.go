package mempool

import (
	"container/list"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// queue of an account.
type queue struct {
	address lattice.Address
	// ready are in order and can all be executed after the record; after is the record then.
	ready []*item
	after lattice.Record
	// later ones wait for what comes before them.
	later map[uint64]*item
	// ends is the lowest last height of what waits; stale: what is ready could not be executed when a block was built.
	ends  uint64
	stale bool
	// place in the pool's line, and in the crowd of those who have as many waiting.
	place, crowd *list.Element
	crowdOf      int
}

type item struct {
	*sendtx.Tx
	raw []byte
	// peer who brought it; none where it was a client.
	peer string
	// left in utop to the account after it, by what was known when it came.
	left uint64
	// gone from the pool.
	gone bool
}

func newQueue(a lattice.Address, r lattice.Record) *queue {
	return &queue{address: a, after: r, later: map[uint64]*item{}, ends: math.MaxUint64}
}

func (q *queue) len() int { return len(q.ready) + len(q.later) }

func (q *queue) find(sequence uint64) *item {
	if len(q.ready) > 0 {
		if first := q.ready[0].Sequence; sequence >= first && sequence-first < uint64(len(q.ready)) {
			return q.ready[sequence-first]
		}
	}
	return q.later[sequence]
}

// enqueue a transaction. The pool is locked.
func (p *Pool) enqueue(rules *lattice.Rules, q *queue, it *item) error {
	switch {
	case it.Sequence < q.after.Sequence:
		return fmt.Errorf("%w, expected %d, got %d", lattice.ErrSequence, q.after.Sequence, it.Sequence)
	case it.Sequence > q.after.Sequence:
		q.later[it.Sequence] = it
	default:
		if err := p.append(rules, q, it); err != nil {
			// What came in since the queue began may pay for it.
			p.renew(rules, q)
			if err := p.append(rules, q, it); err != nil {
				return err
			}
		}
	}
	q.ends = min(q.ends, it.last())
	p.count++
	p.bytes += it.Size
	p.promote(rules, q)
	return nil
}

// last height that may have it.
func (it *item) last() uint64 {
	if it.Timeout == 0 {
		return math.MaxUint64
	}
	return it.Timeout
}

// append what comes next in a queue.
func (p *Pool) append(rules *lattice.Rules, q *queue, it *item) error {
	to, err := lattice.Recipient(p.state, it.To)
	if err != nil {
		return err
	}
	after := q.after
	if _, _, err := rules.Debit(&after, &it.Transfer, to); err != nil {
		return err
	}
	q.after, it.left = after, after.Utop
	q.ready = append(q.ready, it)
	return nil
}

// promote what waited for its predecessors. What cannot be executed is dropped with what follows it, for that would wait for ever.
func (p *Pool) promote(rules *lattice.Rules, q *queue) {
	for {
		it := q.later[q.after.Sequence]
		if it == nil {
			return
		}
		if err := p.append(rules, q, it); err != nil {
			p.drop(it, err)
			delete(q.later, it.Sequence)
			for _, sequence := range slices.Sorted(maps.Keys(q.later)) {
				p.drop(q.later[sequence], fmt.Errorf("sequence %d, which comes before it, was dropped: %w", it.Sequence, err))
				delete(q.later, sequence)
			}
			return
		}
		delete(q.later, it.Sequence)
	}
}

// renew a queue from its account's record: what was executed goes, what can still follow is ready again, the rest waits or is dropped.
func (p *Pool) renew(rules *lattice.Rules, q *queue) {
	r, _, err := p.state.Get(q.address)
	if err != nil {
		return
	}
	for _, it := range q.ready {
		q.later[it.Sequence] = it
	}
	q.ready, q.after, q.ends, q.stale = nil, r, math.MaxUint64, false
	for sequence, it := range q.later {
		switch {
		case sequence < r.Sequence:
			delete(q.later, sequence)
			p.forget(it)
		case sequence >= r.Sequence+uint64(p.cfg.Window):
			// The account was closed meanwhile, and begins elsewhere.
			delete(q.later, sequence)
			p.drop(it, fmt.Errorf("%w: %d, the account is at %d", ErrWindow, sequence, r.Sequence))
		case it.last() < rules.Height:
			delete(q.later, sequence)
			p.drop(it, fmt.Errorf("%w: %d is over, the next block's height is %d", lattice.ErrTimeout, it.Timeout, rules.Height))
		default:
			q.ends = min(q.ends, it.last())
		}
	}
	p.promote(rules, q)
}

// settle a queue after a block that touched its account.
func (p *Pool) settle(rules *lattice.Rules, q *queue) {
	r, _, err := p.state.Get(q.address)
	if err != nil {
		return
	}
	var last *item
	for len(q.ready) > 0 && q.ready[0].Sequence < r.Sequence {
		last = q.ready[0]
		p.forget(last)
		q.ready[0] = nil
		q.ready = q.ready[1:]
	}
	if last != nil && q.place != nil {
		p.order.MoveToBack(q.place)
	}
	switch {
	case len(q.ready) == 0 && len(q.later) == 0:
	// What is expected of the account still holds where it holds no less than was foreseen: it can have received, and its quota can have grown.
	case last == nil && r.Sequence <= q.after.Sequence && (len(q.ready) == 0 || q.ready[0].Sequence == r.Sequence):
	case last != nil && last.Sequence+1 == r.Sequence && r.Utop >= last.left && len(last.Amount.Coins) == 0:
	default:
		p.renew(rules, q)
	}
}

// dropLast transaction of a queue.
func (p *Pool) dropLast(rules *lattice.Rules, q *queue, why error) {
	if len(q.later) > 0 {
		last := slices.Max(slices.Collect(maps.Keys(q.later)))
		p.drop(q.later[last], why)
		delete(q.later, last)
		return
	}
	last := len(q.ready) - 1
	p.drop(q.ready[last], why)
	q.ready = q.ready[:last]
	p.renew(rules, q)
}

// drop a transaction that was promised a place, and remember why.
func (p *Pool) drop(it *item, why error) {
	p.forget(it)
	p.why.add(it.Hash, why)
}

func (p *Pool) forget(it *item) {
	it.gone = true
	p.count--
	p.bytes -= it.Size
}

// line a queue up as it is now, or take it out of the line.
func (p *Pool) line(q *queue) {
	switch {
	case len(q.ready) > 0 && q.place == nil:
		q.place = p.order.PushBack(q)
	case len(q.ready) == 0 && q.place != nil:
		p.order.Remove(q.place)
		q.place = nil
	}
	// Until the pool hears of a block, an account can have more than a window.
	if n := min(q.len(), len(p.crowds)-1); n != q.crowdOf {
		if q.crowd != nil {
			p.crowds[q.crowdOf].Remove(q.crowd)
			q.crowd = nil
		}
		if q.crowdOf = n; n > 0 {
			q.crowd = p.crowds[n].PushBack(q)
		}
	}
	if q.len() == 0 {
		delete(p.queues, q.address)
	} else {
		p.queues[q.address] = q
	}
}
