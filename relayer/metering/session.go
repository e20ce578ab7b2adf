package metering

import (
	"crypto/ed25519"
	"math/bits"
	"slices"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// Session is the provider's side of one session: a state that frames and usage move, with no clock, disk or network of
// its own. A method that fails changes nothing.
type Session struct {
	ID [32]byte
	Record

	// due is the cost of all usage.
	due   uint64
	meter *voucher.Meter
	// unvouchered is since when due exceeds the latest voucher.
	unvouchered time.Time
}

// Terms are the provider's own rules beside the offer's.
type Terms struct {
	// VoucherPeriod is how long usage may stay without a voucher; 0 is no limit.
	VoucherPeriod time.Duration
}

// NewSession checks an Open against its offer.
func NewSession(offer *voucher.Offer, open *voucher.Open, peer string) (*Session, error) {
	if err := open.Verify(offer); err != nil {
		return nil, refusal.New(refusal.BadFrame, "%v", err)
	}
	return load(Record{Offer: offer, Open: open, Peer: peer}, time.Time{})
}

// load brings a record back to life; usage without voucher counts as new at now.
func load(r Record, now time.Time) (*Session, error) {
	s := &Session{ID: r.Open.SessionID(), Record: r}
	due, err := voucher.Cost(r.Offer.Prices, r.Usage)
	if err != nil {
		return nil, err
	}
	s.due = due
	if t := r.Tick; t != nil {
		s.meter = voucher.ResumeMeter([32]byte(t.Preimage), t.Index, r.Open.MaxTicks)
	} else {
		s.meter = voucher.NewMeter([32]byte(r.Open.Anchor), r.Open.MaxTicks)
	}
	if s.due > s.vouchered() {
		s.unvouchered = now
	}
	return s, nil
}

// Due is the cost of all usage in utop.
func (s *Session) Due() uint64 { return s.due }

func (s *Session) ticked() uint64 {
	if s.Tick == nil {
		return 0
	}
	hi, paid := bits.Mul64(s.Tick.Index, s.Offer.TickUtop)
	if hi != 0 {
		return ^uint64(0)
	}
	return paid
}

func (s *Session) vouchered() uint64 {
	if s.Voucher == nil {
		return 0
	}
	return s.Voucher.AmountUtop
}

// float is how far usage may run ahead of ticks.
func (s *Session) float() uint64 {
	return voucher.Float(s.Offer.TickUtop, s.Offer.FloatUtop, s.Rounds)
}

// VoucherDue tells whether the session must give a voucher before it is served again.
func (s *Session) VoucherDue(terms Terms, now time.Time) bool {
	open := s.due - s.vouchered()
	late := terms.VoucherPeriod > 0 && now.Sub(s.unvouchered) >= terms.VoucherPeriod
	return open >= s.Offer.VoucherUtop || open > 0 && late
}

// Allow answers the cost of more usage, or why it is refused. It does not count it.
func (s *Session) Allow(more []*voucher.Usage, epoch uint64, terms Terms, now time.Time) (uint64, error) {
	switch {
	case s.Closed:
		return 0, refusal.New(refusal.Closed, "the session is closed; open another")
	case epoch > s.Offer.Epoch:
		return 0, refusal.New(refusal.EpochOver, "the session was for epoch %d, now is %d; open another", s.Offer.Epoch, epoch)
	case s.Tick == nil:
		return 0, refusal.New(refusal.TickDue, "the first tick comes before any service")
	case s.VoucherDue(terms, now):
		return 0, refusal.New(refusal.VoucherDue, "%d utop are used and %d vouchered; sign a voucher", s.due, s.vouchered())
	}
	usage, err := add(s.Usage, more)
	if err != nil {
		return 0, err
	}
	due, err := voucher.Cost(s.Offer.Prices, usage)
	if err != nil {
		return 0, refusal.New(refusal.BadFrame, "%v", err)
	}
	if due > s.Open.CapUtop {
		return 0, refusal.New(refusal.CapReached, "%d utop would exceed the session's cap of %d", due, s.Open.CapUtop)
	}
	if unpaid := due - min(due, s.ticked()); unpaid > s.float() {
		return 0, refusal.New(refusal.TickDue, "%d utop would be unpaid, the float is %d; pay ticks", unpaid, s.float())
	}
	return due - s.due, nil
}

// Count adds usage that Allow allowed.
func (s *Session) Count(more []*voucher.Usage, now time.Time) error {
	usage, err := add(s.Usage, more)
	if err != nil {
		return err
	}
	due, err := voucher.Cost(s.Offer.Prices, usage)
	if err != nil {
		return refusal.New(refusal.BadFrame, "%v", err)
	}
	if s.due == s.vouchered() && due > s.due {
		s.unvouchered = now
	}
	s.settle(due)
	s.Usage, s.due = usage, due
	return nil
}

// settle counts a paid round: usage of this step was covered by ticks when it was served. Prepaying is paying.
func (s *Session) settle(due uint64) {
	if due > s.due && s.ticked() >= due {
		s.Rounds++
	}
}

// Accept takes a tick. A round is paid when the tick brings usage from unpaid to paid.
func (s *Session) Accept(t *voucher.Tick) error {
	if s.Closed {
		return refusal.New(refusal.Closed, "the session is closed")
	}
	if string(t.SessionId) != string(s.ID[:]) {
		return refusal.New(refusal.BadFrame, "the tick is of another session")
	}
	if err := s.meter.Accept(t); err != nil {
		return refusal.New(refusal.BadFrame, "%v", err)
	}
	unpaid := s.due > s.ticked()
	s.Tick = t
	if unpaid && s.ticked() >= s.due {
		s.Rounds++
	}
	return nil
}

// Countersign checks a voucher, signs it and makes it the session's latest. It is exactly the latest again: then the
// answer was lost, and it is answered again.
func (s *Session) Countersign(v *voucher.Voucher, key ed25519.PrivateKey) (*voucher.Voucher, error) {
	if err := v.VerifyClient(s.Offer, s.Open); err != nil {
		return nil, refusal.New(refusal.BadFrame, "%v", err)
	}
	if last := s.Voucher; last != nil {
		if string(last.ClientSignature) == string(v.ClientSignature) && last.Number == v.Number {
			return last, nil
		}
		if err := voucher.CheckSuccessor(last, v); err != nil {
			return nil, refusal.New(refusal.BadFrame, "%v", err)
		}
	}
	// More than was used would be taken for a gift by nobody: the provider's meter is what it can answer for.
	if !covers(s.Usage, v.Usage) {
		return nil, refusal.New(refusal.WrongAmount, "the voucher counts more than was used, %d utop", s.due)
	}
	signed := *v
	signed.SignProvider(key)
	s.Voucher = &signed
	return &signed, nil
}

// Bill is the running account.
func (s *Session) Bill() *voucher.Bill {
	return &voucher.Bill{
		SessionId: s.ID[:], Usage: s.Usage, DueUtop: s.due, TickedUtop: s.ticked(),
		VoucheredUtop: s.vouchered(), FloatUtop: s.float(),
	}
}

// Evidence is what the session is claimed with; nil when there is nothing to claim.
func (s *Session) Evidence() *voucher.Evidence {
	if s.vouchered() == 0 {
		return nil
	}
	return &voucher.Evidence{Offer: s.Offer, Open: s.Open, Voucher: s.Voucher}
}

// add merges two sorted usages.
func add(a, b []*voucher.Usage) ([]*voucher.Usage, error) {
	sum := make([]*voucher.Usage, 0, len(a)+len(b))
	for _, u := range a {
		sum = append(sum, &voucher.Usage{Measure: u.Measure, Quantity: u.Quantity})
	}
	for _, u := range b {
		i, found := slices.BinarySearchFunc(sum, u.Measure, func(e *voucher.Usage, m string) int {
			switch {
			case e.Measure < m:
				return -1
			case e.Measure > m:
				return 1
			}
			return 0
		})
		if !found {
			sum = slices.Insert(sum, i, &voucher.Usage{Measure: u.Measure})
		}
		total, carry := bits.Add64(sum[i].Quantity, u.Quantity, 0)
		if carry != 0 {
			return nil, refusal.New(refusal.BadFrame, "usage of %s overflows", u.Measure)
		}
		sum[i].Quantity = total
	}
	return sum, nil
}

// covers tells whether no measure in v exceeds the one in used.
func covers(used, v []*voucher.Usage) bool {
	for _, u := range v {
		i := slices.IndexFunc(used, func(e *voucher.Usage) bool { return e.Measure == u.Measure })
		if i < 0 && u.Quantity > 0 || i >= 0 && u.Quantity > used[i].Quantity {
			return false
		}
	}
	return true
}
