package mempool

import (
	"context"
	"time"

	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	// batch of transactions that are verified together at most, which is what one processor takes (engine/intake).
	batch = 512
	// gather what peers bring for so long at most, which is little beside a block's time. What a client waits for is verified at once, with all that is there.
	gather = 20 * time.Millisecond
)

// arrival of a transaction.
type arrival struct {
	tx  *sendtx.Tx
	raw []byte
	// peer who brought it; none where it was a client, who waits for the outcome.
	peer string
	done func(error)
}

// Start verifying what arrives, until the function that it answers is called.
func (p *Pool) Start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// Run verifies what arrives, in batches, until the context ends.
func (p *Pool) Run(ctx context.Context) {
	for {
		var waiting []*arrival
		select {
		case <-ctx.Done():
			return
		case a := <-p.arrivals:
			waiting = p.gathered(ctx, []*arrival{a})
		}
		p.verify(waiting)
	}
}

// gathered arrivals that are verified together.
func (p *Pool) gathered(ctx context.Context, list []*arrival) []*arrival {
	enough, cancel := context.WithTimeout(ctx, gather)
	defer cancel()
	urgent := list[0].peer == ""
	for len(list) < batch {
		select {
		case a := <-p.arrivals:
			list, urgent = append(list, a), urgent || a.peer == ""
			continue
		default:
		}
		if urgent {
			return list
		}
		select {
		case a := <-p.arrivals:
			list, urgent = append(list, a), a.peer == ""
		case <-enough.Done():
			return list
		}
	}
	return list
}

// verify arrivals and keep those that are good.
func (p *Pool) verify(waiting []*arrival) {
	for i, err := range p.insert(waiting) {
		waiting[i].done(err)
	}
}

// insert transactions that were admitted.
func (p *Pool) insert(arrivals []*arrival) []error {
	txs := make([]*sendtx.Tx, len(arrivals))
	for i, a := range arrivals {
		txs[i] = a.tx
	}
	errs := p.intake.Verify(txs)
	rules, ok := p.state.Rules()
	for i, a := range arrivals {
		switch {
		case errs[i] != nil:
		case !ok:
			errs[i] = ErrStarting
		default:
			errs[i] = p.keep(&rules, a)
		}
	}
	return errs
}

// Insert a transaction: it answers when it is verified and waits, or why not.
func (p *Pool) Insert(ctx context.Context, raw []byte) error {
	a, err := p.consider(raw)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	a.done = func(err error) { done <- err }
	select {
	case p.arrivals <- a:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Offer a transaction that a peer brings. What has no chance is refused at once; anything else is verified in its turn, and then done is told the outcome.
func (p *Pool) Offer(raw []byte, peer string, done func(error)) {
	a, err := p.consider(raw)
	if err != nil {
		done(err)
		return
	}
	a.peer, a.done = peer, done
	select {
	case p.arrivals <- a:
	default:
		done(ErrFull)
	}
}

// InsertAll transactions at once, as a batch of a client's brings them.
func (p *Pool) InsertAll(raws [][]byte) []error {
	errs := make([]error, len(raws))
	arrivals, which := make([]*arrival, 0, len(raws)), make([]int, 0, len(raws))
	for i, raw := range raws {
		var a *arrival
		if a, errs[i] = p.consider(raw); errs[i] == nil {
			arrivals, which = append(arrivals, a), append(which, i)
		}
	}
	for j, err := range p.insert(arrivals) {
		errs[which[j]] = err
	}
	return errs
}

// consider a transaction before its signature is looked at.
func (p *Pool) consider(raw []byte) (*arrival, error) {
	tx, err := sendtx.Decode(raw)
	if err != nil {
		return nil, err
	}
	rules, ok := p.state.Rules()
	if !ok {
		return nil, ErrStarting
	}
	return &arrival{tx: &tx, raw: raw}, p.admit(&rules, &tx)
}
