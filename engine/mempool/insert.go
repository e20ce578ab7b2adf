package mempool

import (
	"context"

	"github.com/topnetwork/top/protocol/sendtx"
)

// batch of transactions that are verified together at most. None waits for others: those that come while a batch is verified are the next one.
const batch = 256

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
			waiting = append(waiting, a)
		}
		for more := true; more && len(waiting) < batch; {
			select {
			case a := <-p.arrivals:
				waiting = append(waiting, a)
			default:
				more = false
			}
		}
		p.verify(waiting)
	}
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
			errs[i] = p.keep(&rules, a.tx, a.raw, a.peer)
		}
	}
	return errs
}

// Insert a transaction: it answers when it is verified and waits, or why not.
func (p *Pool) Insert(ctx context.Context, raw []byte) error {
	tx, err := p.consider(raw)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	a := &arrival{tx: tx, raw: raw, done: func(err error) { done <- err }}
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
	tx, err := p.consider(raw)
	if err != nil {
		done(err)
		return
	}
	select {
	case p.arrivals <- &arrival{tx: tx, raw: raw, peer: peer, done: done}:
	default:
		done(ErrFull)
	}
}

// InsertAll transactions at once, as a batch of a client's brings them.
func (p *Pool) InsertAll(raws [][]byte) []error {
	errs := make([]error, len(raws))
	arrivals, which := make([]*arrival, 0, len(raws)), make([]int, 0, len(raws))
	for i, raw := range raws {
		var tx *sendtx.Tx
		if tx, errs[i] = p.consider(raw); errs[i] == nil {
			arrivals, which = append(arrivals, &arrival{tx: tx, raw: raw}), append(which, i)
		}
	}
	for j, err := range p.insert(arrivals) {
		errs[which[j]] = err
	}
	return errs
}

// consider a transaction before its signature is looked at.
func (p *Pool) consider(raw []byte) (*sendtx.Tx, error) {
	tx, err := sendtx.Decode(raw)
	if err != nil {
		return nil, err
	}
	rules, ok := p.state.Rules()
	if !ok {
		return nil, ErrStarting
	}
	return &tx, p.admit(&rules, &tx)
}
