package metering

import "github.com/topnetwork/top/protocol/refusal"

// payerKey is what a claim debits: one key of one payer.
type payerKey struct{ payer, key string }

// places counts the sessions in the books by epoch and payer's key.
type places map[uint64]map[payerKey]int

func (p places) add(s *Session, n int) {
	epoch, key := s.Offer.Epoch, payerKey{s.Open.Payer, string(s.Open.SessionKey)}
	if p[epoch] == nil {
		p[epoch] = map[payerKey]int{}
	}
	if p[epoch][key] += n; p[epoch][key] == 0 {
		delete(p[epoch], key)
	}
	if len(p[epoch]) == 0 {
		delete(p, epoch)
	}
}

// check tells whether there is a place for a new session. An epoch's claim names at most mostKeys payers' keys: what others used could never be claimed.
func (p places) check(s *Session, mostKeys int) error {
	key, unsettled := payerKey{s.Open.Payer, string(s.Open.SessionKey)}, 0
	for _, keys := range p {
		unsettled += keys[key]
	}
	epoch := s.Offer.Epoch
	switch {
	case unsettled >= maxSessions:
		return refusal.New(refusal.Busy, "the session key has %d sessions that are not settled", unsettled)
	case p[epoch][key] == 0 && len(p[epoch]) >= mostKeys:
		return refusal.New(refusal.Busy, "epoch %d serves %d session keys, as many as a claim can name: try another provider, or the next epoch", epoch, len(p[epoch]))
	}
	return nil
}

// putLocked and takeLocked keep the books of sessions.
func (s *Sessions) putLocked(e *entry) {
	s.byID[e.session.ID] = e
	s.places.add(e.session, 1)
}

func (s *Sessions) takeLocked(id [32]byte) {
	if e := s.byID[id]; e != nil {
		delete(s.byID, id)
		s.places.add(e.session, -1)
	}
}
