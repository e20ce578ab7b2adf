package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// lock takes the turn.
func (s *Session) lock(ctx context.Context) (func(), error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Use pays for usage and then does what it is for. do answers whether the provider charged the session; a refusal means
// that it did not. Any other error leaves the outcome open: the session is dropped, and when it is attached again the
// provider's bill tells. ref names the usage in the state.
func (s *Session) Use(ctx context.Context, usage []*voucher.Usage, ref string, do func(ctx context.Context, id [32]byte) (charged bool, err error)) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.begin(usage, ref); err != nil {
		return err
	}
	if err := s.pay(ctx); err != nil {
		// Nothing was asked for yet.
		return errors.Join(err, s.end(false))
	}
	start := s.cfg.Now()
	charged, err := do(ctx, s.state.ID())
	s.sample(s.cfg.Now().Sub(start), err)
	if err != nil {
		if code := refusal.Code(err); code != "" && code != refusal.Unavailable {
			s.ahead = s.ahead || code == refusal.TickDue
			return errors.Join(err, s.end(false))
		}
		return s.fail(fmt.Errorf("the answer to a paid request is missing: %w", err))
	}
	if err := s.end(charged); err != nil {
		return err
	}
	return s.settle(ctx)
}

// begin writes down what is about to be asked for.
func (s *Session) begin(usage []*voucher.Usage, ref string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.over {
		return refusal.New(refusal.EpochOver, "the provider has ended the session of epoch %d", s.state.Offer.Epoch)
	}
	if s.state.cost(add(s.state.Usage, usage)) > s.state.Open.CapUtop {
		return refusal.New(refusal.CapReached, "the session's cap is %d utop", s.state.Open.CapUtop)
	}
	s.state.Pending, s.state.Ref = usage, ref
	return s.save()
}

// end counts what was charged.
func (s *Session) end(charged bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if charged {
		if s.state.Settled() {
			s.since = s.cfg.Now()
		}
		s.state.Usage = add(s.state.Usage, s.state.Pending)
	}
	s.state.Pending, s.state.Ref = nil, ""
	return s.save()
}

func (s *Session) save() error {
	if err := s.cfg.Save(s.state); err != nil {
		return s.failLocked(fmt.Errorf("save the session: %w", err))
	}
	return nil
}

// pay releases the ticks that the pending usage needs beyond the float, at least one, and waits until they are billed.
func (s *Session) pay(ctx context.Context) error {
	s.mu.Lock()
	due := s.state.cost(add(s.state.Usage, s.state.Pending))
	// The provider's word about its own float is taken once: after a refusal everything is paid ahead.
	target := due
	if !s.ahead {
		target -= min(due, s.bill.GetFloatUtop())
	}
	s.mu.Unlock()
	return s.tick(ctx, max(target, 1), true)
}

// tick releases ticks up to an amount.
func (s *Session) tick(ctx context.Context, amount uint64, billed bool) error {
	s.mu.Lock()
	step := s.state.Offer.TickUtop
	index := min((amount-1)/step+1, s.state.Open.MaxTicks)
	more := index > s.state.Ticks
	s.state.Ticks = max(s.state.Ticks, index)
	s.mu.Unlock()
	if more {
		if err := s.release(index); err != nil {
			return err
		}
	}
	if !billed {
		return nil
	}
	return s.wait(ctx, func() bool { return s.bill.GetTickedUtop() >= index*step })
}

// release sends a tick.
func (s *Session) release(index uint64) error {
	preimage, err := s.chain.Preimage(index)
	if err != nil {
		return err
	}
	err = s.send(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Tick{Tick: &voucher.Tick{SessionId: s.id[:], Index: index, Preimage: preimage[:]}}})
	if err != nil {
		return s.fail(fmt.Errorf("%w: %w", ErrClosed, err))
	}
	return nil
}

// settle pays what was served on credit, once that is half of what the provider gives (docs/adr/016), and signs a voucher when one is due.
func (s *Session) settle(ctx context.Context) error {
	s.mu.Lock()
	due := s.state.Due()
	unpaid := due - min(due, s.state.Ticks*s.state.Offer.TickUtop)
	voucherDue := due-s.state.Vouchered() >= s.state.Offer.VoucherUtop || s.asked && due > s.state.Vouchered()
	tickDue := unpaid > s.bill.GetFloatUtop()/2
	s.mu.Unlock()
	if tickDue {
		if err := s.tick(ctx, due, false); err != nil {
			return err
		}
	}
	if voucherDue {
		return s.sign(ctx)
	}
	return nil
}

// Tend signs a voucher over usage that has been without one for longer than period, or if the provider asked.
func (s *Session) Tend(ctx context.Context, period time.Duration) error {
	s.mu.Lock()
	open := !s.state.Settled() && s.err == nil
	due := open && (s.asked || s.cfg.Now().Sub(s.since) >= period)
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.Sign(ctx)
}

// Sign signs a voucher over all usage by the client's own meter and waits for the countersignature.
func (s *Session) Sign(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.sign(ctx)
}

func (s *Session) sign(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.err != nil || s.state.Settled() {
			defer s.mu.Unlock()
			return s.err
		}
		v := s.state.Signed
		// A voucher that was signed once is sent again as it is: two of one number would be fraud.
		if v == nil || s.state.Voucher != nil && v.Number == s.state.Voucher.Number {
			id := s.state.ID()
			v = &voucher.Voucher{
				ChainId: s.state.Offer.ChainId, SessionId: id[:], Number: v.GetNumber() + 1, Epoch: s.state.Offer.Epoch,
				Usage: s.state.Usage, AmountUtop: s.state.Due(), Quality: s.quality.figures(),
			}
			s.cfg.Key.SignVoucher(v)
			s.state.Signed = v
			if err := s.save(); err != nil {
				s.mu.Unlock()
				return err
			}
		}
		s.mu.Unlock()
		if err := s.send(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Voucher{Voucher: v}}); err != nil {
			return s.fail(fmt.Errorf("%w: %w", ErrClosed, err))
		}
		if err := s.wait(ctx, func() bool { return s.state.Voucher.GetNumber() >= v.Number }); err != nil {
			return err
		}
	}
}

// Finish signs the final voucher and closes the session.
func (s *Session) Finish(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.sign(ctx); err != nil {
		return err
	}
	id := s.state.ID()
	err = s.send(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Close{Close: &voucher.Close{SessionId: id[:]}}})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Closed = true
	err = errors.Join(err, s.cfg.Save(s.state))
	_ = s.failLocked(ErrClosed)
	return err
}
