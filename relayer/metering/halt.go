package metering

import "github.com/topnetwork/top/protocol/refusal"

// Halt ends paid service until Resume: no session opens and none is charged. Those that run are asked for their final vouchers, which are taken and claimed as ever.
func (s *Sessions) Halt(reason string) {
	stopped := refusal.New(refusal.Stopped, "%s", reason)
	s.mu.Lock()
	before := s.halted
	s.halted = stopped
	s.mu.Unlock()
	if before != nil {
		return
	}
	for _, e := range s.entries() {
		e.mu.Lock()
		if !e.claimed && !e.session.Closed {
			e.ask(stopped)
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
