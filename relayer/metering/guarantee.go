package metering

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

func (s *Sessions) payerLocked(name string) *payer {
	p := s.payers[name]
	if p == nil {
		p = &payer{owed: map[string]uint64{}, seen: map[string]seen{}}
		s.payers[name] = p
	}
	return p
}

// owedLocked answers what the open's payer owes this provider by its key and no claim has reserved yet.
func (s *Sessions) owedLocked(open *voucher.Open) uint64 {
	return s.payerLocked(open.Payer).owed[string(open.SessionKey)]
}

// owe sets what a session owes.
func (s *Sessions) owe(e *entry, owed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oweLocked(e, owed)
}

func (s *Sessions) oweLocked(e *entry, owed uint64) {
	p := s.payerLocked(e.session.Open.Payer)
	key := string(e.session.Open.SessionKey)
	p.owed[key] = p.owed[key] - e.owed + owed
	s.owed = s.owed - e.owed + owed
	e.owed = owed
	if p.owed[key] == 0 {
		delete(p.owed, key)
	}
	if len(p.owed) == 0 && len(p.seen) == 0 {
		delete(s.payers, e.session.Open.Payer)
	}
}

// guarantee asks the chain about a payer's key, no more often than GuaranteeAge.
func (s *Sessions) guarantee(ctx context.Context, name string, key []byte) (Guarantee, error) {
	s.mu.Lock()
	known, ok := s.payerLocked(name).seen[string(key)]
	s.mu.Unlock()
	if ok && s.cfg.Now().Sub(known.at) < s.cfg.GuaranteeAge {
		return known.Guarantee, nil
	}
	g, err := s.ledger.Guarantee(ctx, name, key)
	if err != nil {
		return Guarantee{}, fmt.Errorf("ask the service chain about %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Forget what is old: payers come and go.
	for other, p := range s.payers {
		for k, v := range p.seen {
			if s.cfg.Now().Sub(v.at) >= s.cfg.GuaranteeAge {
				delete(p.seen, k)
			}
		}
		if len(p.seen) == 0 && len(p.owed) == 0 {
			delete(s.payers, other)
		}
	}
	s.payerLocked(name).seen[string(key)] = seen{Guarantee: g, at: s.cfg.Now()}
	return g, nil
}

// expire makes the next guarantee a fresh one.
func (s *Sessions) expire(open *voucher.Open) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.payerLocked(open.Payer).seen, string(open.SessionKey))
}

// reserve books what a session is about to owe, if the chain's guarantee covers it with everything else owed.
func (s *Sessions) reserve(ctx context.Context, e *entry, cost uint64) error {
	open := e.session.Open
	for _, fresh := range []bool{false, true} {
		if fresh {
			// The payer may have allotted more since the chain was asked.
			s.expire(open)
		}
		g, err := s.guarantee(ctx, open.Payer, open.SessionKey)
		if err != nil {
			return err
		}
		if !g.KeyKnown || g.KeyExpires < e.session.Offer.Epoch {
			return refusal.New(refusal.KeyRefused, "the session key was revoked or has expired")
		}
		s.mu.Lock()
		owed := s.owedLocked(open)
		if fits(owed, cost, g.Line) {
			if err := s.withinBoundLocked(cost); err != nil {
				s.mu.Unlock()
				return err
			}
			s.oweLocked(e, e.owed+cost)
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if fresh {
			return refusal.New(refusal.CreditShort, "%d utop more than the %d owed exceed the session key's sub-line of %d; allot more", cost, owed, g.Line)
		}
	}
	return nil
}

func fits(owed, cost, limit uint64) bool {
	sum, carry := bits.Add64(owed, cost, 0)
	return carry == 0 && sum <= limit
}
