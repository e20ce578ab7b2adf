package metering

import "github.com/topnetwork/top/protocol/refusal"

// bound of what all sessions together may owe and no claim has.
type bound struct {
	utop    uint64
	reached bool
}

// Bound serves no more once utop are used and not claimed: what nobody can claim in time is lost, and this much of it at most. What is owed already stays owed.
func (s *Sessions) Bound(utop uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bound == nil || s.bound.utop != utop {
		s.bound = &bound{utop: utop}
	}
	s.bound.reached = s.bound.reached || s.owed >= utop
}

// Unbound undoes Bound.
func (s *Sessions) Unbound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound = nil
}

// AtBound tells whether Bound has refused service, or would refuse any.
func (s *Sessions) AtBound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound != nil && s.bound.reached
}

func (s *Sessions) withinBoundLocked(cost uint64) error {
	if s.bound == nil || fits(s.owed, cost, s.bound.utop) {
		return nil
	}
	s.bound.reached = true
	return refusal.New(refusal.Stopped, "%d utop are used and not claimed, %d more exceed what the provider risks while it cannot hear of the main chain", s.owed, cost)
}
