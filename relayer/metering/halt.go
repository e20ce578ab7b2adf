package metering

import "github.com/topnetwork/top/protocol/refusal"

// Halt ends paid service until Resume: no session opens and none is charged. Vouchers are taken and claimed as ever; with refusal.Stopped, sessions that run are
// asked for their final ones.
func (s *Sessions) Halt(reason *refusal.Error) {
	s.mu.Lock()
	before := s.halted
	s.halted = reason
	s.mu.Unlock()
	if reason.Code != refusal.Stopped || before != nil && before.Code == refusal.Stopped {
		return
	}
	for _, e := range s.entries() {
		e.mu.Lock()
		if !e.claimed && !e.session.Closed {
			e.ask(reason)
		}
		e.mu.Unlock()
	}
}

// Resume undoes Halt.
func (s *Sessions) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted = nil
}

// serving answers the refusal of a halted provider.
func (s *Sessions) serving() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.halted != nil {
		return s.halted
	}
	return nil
}
