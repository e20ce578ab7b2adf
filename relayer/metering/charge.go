package metering

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// Charge serves a session of peer: if the session is good for the usage, write adds the service's own changes to the
// batch that books it, and both are on disk when Charge answers. A *refusal.Error error says what the client must do.
func (s *Sessions) Charge(ctx context.Context, peer string, id []byte, usage []*voucher.Usage, write func(*pebble.Batch) error) error {
	e, err := s.of(peer, id)
	if err != nil {
		return err
	}
	defer e.mu.Unlock()
	if e.claimed {
		return refusal.New(refusal.Closed, "the session is claimed; open another")
	}
	if err := s.serving(); err != nil {
		return err
	}
	now := s.cfg.Now()
	cost, err := e.session.Allow(usage, s.Epoch(), s.cfg.Terms, now)
	if err != nil {
		if r := refusal.As(err); r.Code == refusal.VoucherDue || r.Code == refusal.EpochOver {
			e.ask(r)
		}
		return err
	}
	if err := s.reserve(ctx, e, cost); err != nil {
		return err
	}
	before := *e.session
	err = e.session.Count(usage, now)
	if err == nil {
		err = s.store.save(e.session, write)
	}
	if err != nil {
		*e.session = before
		s.owe(e, before.due)
		return fmt.Errorf("book usage: %w", err)
	}
	e.bill()
	if e.session.VoucherDue(s.cfg.Terms, now) {
		e.ask(refusal.New(refusal.VoucherDue, "%d utop are used and %d vouchered; sign a voucher", e.session.due, e.session.vouchered()))
	}
	return nil
}

// Paying tells whether peer has the session open in this epoch and has paid a tick: who may ask for more than an offer.
func (s *Sessions) Paying(peer string, id []byte) error {
	e, err := s.of(peer, id)
	if err != nil {
		return err
	}
	defer e.mu.Unlock()
	if err := s.serving(); err != nil {
		return err
	}
	_, err = e.session.Allow(nil, s.Epoch(), Terms{}, s.cfg.Now())
	if r := refusal.As(err); err != nil && r.Code != refusal.VoucherDue {
		return err
	}
	return nil
}

// Tick takes a payment. Ticks need no waiting for the disk: after a crash the next one pays for those before it.
func (s *Sessions) Tick(peer string, t *voucher.Tick) error {
	e, err := s.of(peer, t.SessionId)
	if err != nil {
		return err
	}
	defer e.mu.Unlock()
	if err := e.session.Accept(t); err != nil {
		return err
	}
	e.bill()
	return nil
}

// Voucher countersigns a voucher and answers it on the session's stream once it is on disk.
func (s *Sessions) Voucher(peer string, v *voucher.Voucher) error {
	e, err := s.of(peer, v.SessionId)
	if err != nil {
		return err
	}
	defer e.mu.Unlock()
	if e.claimed || s.isFrozen(e.session.Offer.Epoch) {
		return refusal.New(refusal.Closed, "epoch %d is being claimed; its vouchers are final", e.session.Offer.Epoch)
	}
	before := *e.session
	signed, err := e.session.Countersign(v, s.cfg.Key)
	if err != nil {
		return err
	}
	if err := s.store.save(e.session, nil); err != nil {
		*e.session = before
		return fmt.Errorf("save voucher: %w", err)
	}
	if e.reply != nil {
		e.reply(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Voucher{Voucher: signed}})
	}
	e.bill()
	return nil
}

// Close ends a session. It stays in the books until it is claimed and settled.
func (s *Sessions) Close(peer string, id []byte) error {
	e, err := s.of(peer, id)
	if err != nil {
		return err
	}
	defer e.mu.Unlock()
	e.session.Closed = true
	if err := s.store.save(e.session, nil); err != nil {
		e.session.Closed = false
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

func (s *Sessions) isFrozen(epoch uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frozen[epoch]
}
