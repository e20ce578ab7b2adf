package network

import "container/heap"

// moment is a time of the model in nanoseconds since it began.
type moment = int64

const (
	microsecond moment = 1_000
	millisecond        = 1_000 * microsecond
	second             = 1_000 * millisecond
)

// kind of an event: what happens when it is due.
type kind uint8

const (
	// arrives: clients send to a shard, a tick's worth.
	arrives kind = iota
	// gossiped: a cohort has come to a member.
	gossiped
	// verified: a member has verified a cohort.
	verified
	// sliced: a part of a block has come to a member, from its proposer or from another one.
	sliced
	// received: the part has passed the member's downlink.
	received
	// checked: a member has checked a block.
	checked
	// prevoted and precommitted: a vote has come to a member.
	prevoted
	precommitted
	// settled: a member has executed the slow side of a block, the receipts that came, one transaction after the other.
	settled
	// executed: a member has executed a block.
	executed
	// committed: a member has committed a block.
	committed
	// entered: a member's pause between two heights is over.
	entered
	// delivered: receipts have come to a shard.
	delivered
	// copied: a block has come to an auditor.
	copied
	// audited: an auditor has executed it again.
	audited
	// anchors and audits are due on the main chain, and its block.
	anchors
	reports
	rotates
	mainBlock
)

// event of one member of one shard. What it is about is in one of the pointers.
type event struct {
	at     moment
	number uint64
	kind   kind
	shard  int
	member int
	from   int
	block  *block
	cohort *cohort
	batch  *delivery
}

// queue of events, by time and, of the same time, by the order in which they were made: a run is the same every time.
type queue struct {
	events []*event
	free   []*event
	made   uint64
	now    moment
}

// Len, Less, Swap, Push and Pop are container/heap's.
func (q *queue) Len() int { return len(q.events) }

func (q *queue) Less(i, j int) bool {
	a, b := q.events[i], q.events[j]
	return a.at < b.at || a.at == b.at && a.number < b.number
}

func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) Push(x any) { q.events = append(q.events, x.(*event)) }

func (q *queue) Pop() any {
	last := len(q.events) - 1
	e := q.events[last]
	q.events[last], q.events = nil, q.events[:last]
	return e
}

// add an event. What is due in the past is due now.
func (q *queue) add(e event) {
	e.at, e.number = max(e.at, q.now), q.made
	q.made++
	var p *event
	if n := len(q.free); n > 0 {
		p, q.free = q.free[n-1], q.free[:n-1]
	} else {
		p = new(event)
	}
	*p = e
	heap.Push(q, p)
}

// next event until a moment.
func (q *queue) next(until moment) (event, bool) {
	if len(q.events) == 0 || q.events[0].at > until {
		return event{}, false
	}
	p := heap.Pop(q).(*event)
	e := *p
	*p = event{}
	q.free = append(q.free, p)
	q.now = e.at
	return e, true
}
