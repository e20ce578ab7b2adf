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
	// done is told the outcome; nil where nobody waits.
	done chan error
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
	txs, raws := make([]*sendtx.Tx, len(waiting)), make([][]byte, len(waiting))
	for i, a := range waiting {
		txs[i], raws[i] = a.tx, a.raw
	}
	for i, err := range p.insert(txs, raws) {
		if waiting[i].done != nil {
			waiting[i].done <- err
		}
	}
}

// insert transactions that were admitted.
func (p *Pool) insert(txs []*sendtx.Tx, raws [][]byte) []error {
	errs := p.intake.Verify(txs)
	rules, ok := p.state.Rules()
	for i, tx := range txs {
		switch {
		case errs[i] != nil:
		case !ok:
			errs[i] = ErrFull
		default:
			errs[i] = p.keep(&rules, tx, raws[i])
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
	a := &arrival{tx: tx, raw: raw, done: make(chan error, 1)}
	select {
	case p.arrivals <- a:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Offer a transaction that a peer sent: it is verified in its turn, and nobody waits for the answer. What has no chance is refused at once.
func (p *Pool) Offer(raw []byte) error {
	tx, err := p.consider(raw)
	if err != nil {
		return err
	}
	select {
	case p.arrivals <- &arrival{tx: tx, raw: raw}:
		return nil
	default:
		return ErrFull
	}
}

// InsertAll transactions at once, as a batch brings them.
func (p *Pool) InsertAll(raws [][]byte) []error {
	errs := make([]error, len(raws))
	var txs []*sendtx.Tx
	var good [][]byte
	var which []int
	for i, raw := range raws {
		var tx *sendtx.Tx
		if tx, errs[i] = p.consider(raw); errs[i] == nil {
			txs, good, which = append(txs, tx), append(good, raw), append(which, i)
		}
	}
	for j, err := range p.insert(txs, good) {
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
		return nil, ErrFull
	}
	return &tx, p.admit(&rules, &tx)
}
