package metering

import (
	"encoding/binary"
	"slices"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// Roll tells the sessions the service chain's epoch. Sessions of earlier epochs are asked for their final voucher and
// serve no more.
func (s *Sessions) Roll(epoch uint64) {
	s.mu.Lock()
	if epoch <= s.epoch {
		s.mu.Unlock()
		return
	}
	s.epoch = epoch
	var over []*entry
	for _, e := range s.byID {
		if e.session.Offer.Epoch < epoch {
			over = append(over, e)
		}
	}
	s.mu.Unlock()
	for _, e := range over {
		e.mu.Lock()
		if !e.claimed && !e.session.Closed {
			e.ask(refusal.New(refusal.EpochOver, "epoch %d is over; sign the final voucher", e.session.Offer.Epoch))
		}
		e.mu.Unlock()
	}
}

// Past is a past epoch that is not settled.
type Past struct {
	Epoch uint64
	// Open counts sessions with usage that no voucher covers yet: their clients may still sign.
	Open int
	// Evidence is what can be claimed.
	Evidence []*voucher.Evidence
}

// Past answers every past epoch in the books, the oldest first.
func (s *Sessions) Past() []Past {
	epochs := map[uint64]*Past{}
	now := s.Epoch()
	for _, e := range s.entries() {
		e.mu.Lock()
		if epoch := e.session.Offer.Epoch; epoch < now {
			p := epochs[epoch]
			if p == nil {
				p = &Past{Epoch: epoch}
				epochs[epoch] = p
			}
			if e.session.due > e.session.vouchered() {
				p.Open++
			}
			if evidence := e.session.Evidence(); evidence != nil {
				p.Evidence = append(p.Evidence, evidence)
			}
		}
		e.mu.Unlock()
	}
	past := make([]Past, 0, len(epochs))
	for _, p := range epochs {
		past = append(past, *p)
	}
	slices.SortFunc(past, func(a, b Past) int {
		if a.Epoch < b.Epoch {
			return -1
		}
		return 1
	})
	return past
}

func (s *Sessions) entries() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*entry, 0, len(s.byID))
	for _, e := range s.byID {
		all = append(all, e)
	}
	return all
}

// Freeze ends an epoch: no voucher of it is accepted any more, so that its claim can be built again the same way.
func (s *Sessions) Freeze(epoch uint64) {
	s.mu.Lock()
	s.frozen[epoch] = true
	s.mu.Unlock()
	// Wait for vouchers that are being written.
	for _, e := range s.entries() {
		e.mu.Lock()
		e.mu.Unlock() //nolint:staticcheck // SA2001: the lock is the wait
	}
}

// Thaw undoes Freeze for an epoch of which no claim was written down: its clients may go on signing.
func (s *Sessions) Thaw(epoch uint64) error {
	written := false
	err := s.store.each(prefixClaim, func(key, _ []byte) error {
		written = written || binary.BigEndian.Uint64(key[1:]) == epoch
		return nil
	})
	if err != nil || written {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.frozen, epoch)
	return nil
}

// Claimed tells that the chain has the epoch's claim: from now on the chain's own books hold what its sessions owe.
func (s *Sessions) Claimed(epoch uint64) {
	for _, e := range s.entries() {
		if e.session.Offer.Epoch != epoch {
			continue
		}
		e.mu.Lock()
		if !e.claimed {
			e.claimed = true
			s.mu.Lock()
			s.oweLocked(e, 0)
			if s.bound != nil {
				s.bound.reached = false
			}
			// What the chain said before the claim no longer holds.
			if p := s.payers[e.session.Open.Payer]; p != nil {
				clear(p.seen)
			}
			s.mu.Unlock()
		}
		e.mu.Unlock()
	}
}

// Forget deletes an epoch of which nothing can be had any more: its claim is forfeited or too late.
func (s *Sessions) Forget(epoch uint64) error { return s.drop(epoch, false) }

// drop takes an epoch out of the books.
func (s *Sessions) drop(epoch uint64, keep bool) error {
	s.Claimed(epoch)
	var ids [][32]byte
	var evidence []*voucher.Evidence
	for _, e := range s.entries() {
		if e.session.Offer.Epoch != epoch {
			continue
		}
		ids = append(ids, e.session.ID)
		if keep {
			e.mu.Lock()
			evidence = append(evidence, e.session.Evidence())
			e.mu.Unlock()
		}
	}
	if err := s.store.forget(epoch, ids, evidence); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.takeLocked(id)
	}
	delete(s.frozen, epoch)
	return nil
}

// Figures for metrics.
type Figures struct {
	Sessions       int
	Owed           uint64
	UnvoucheredMax uint64
}

// Figures sums the books.
func (s *Sessions) Figures() Figures {
	var f Figures
	for _, e := range s.entries() {
		e.mu.Lock()
		if !e.claimed {
			f.Sessions++
			f.Owed += e.session.due
			f.UnvoucheredMax = max(f.UnvoucheredMax, e.session.due-e.session.vouchered())
		}
		e.mu.Unlock()
	}
	return f
}
