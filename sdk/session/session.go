package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// Protocol is the libp2p protocol id of session streams.
const Protocol = "/top/session/1.0.0"

// ErrDisputed says that the provider bills what the client did not use. The client pays and signs no more in the session.
var ErrDisputed = errors.New("the provider's bill is not what was used")

// ErrClosed says that the stream to the provider ended.
var ErrClosed = errors.New("the session's stream ended")

// Stream to a provider.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// writeTimeout gives up on a provider that does not read.
const writeTimeout = 10 * time.Second

// Config of the client's side.
type Config struct {
	Key interface {
		SignVoucher(*voucher.Voucher)
	}
	// Save puts a state on disk before it answers.
	Save func(*State) error
	// Changed is told of every change of the bill; it must not block.
	Changed func()
	Now     func() time.Time
}

// Session is an open session on one stream. Its state outlives it.
type Session struct {
	id     [32]byte
	cfg    Config
	stream Stream
	chain  *voucher.HashChain
	// turn is held by whoever uses the session: one at a time, so that meter and bill can be compared exactly.
	turn chan struct{}

	mu      sync.Mutex
	state   *State
	bill    *voucher.Bill
	opened  bool
	over    bool
	asked   bool // the provider asked for a voucher
	refused *refusal.Error
	err     error
	changed chan struct{}
	since   time.Time // since when usage is without voucher
	quality quality
	ahead   bool // pay everything before it is served; used in turn
}

// Negotiate asks for an offer on a fresh stream and accepts it. The state is not yet known to the provider.
func Negotiate(ctx context.Context, stream Stream, terms Terms, entropy io.Reader) (*State, error) {
	defer watch(ctx, stream)()
	err := frame.Write(stream, &voucher.ClientFrame{Frame: &voucher.ClientFrame_OfferRequest{
		OfferRequest: &voucher.OfferRequest{Service: terms.Service, ChainId: terms.ChainID},
	}})
	if err != nil {
		return nil, err
	}
	// The provider sends nothing else before Open, so the reader buffers nothing that Attach would miss.
	var f voucher.ProviderFrame
	if err := frame.NewReader(stream).Read(&f); err != nil {
		return nil, err
	}
	switch m := f.Frame.(type) {
	case *voucher.ProviderFrame_Offer:
		return terms.Accept(m.Offer, entropy)
	case *voucher.ProviderFrame_Refusal:
		return nil, refusal.Of(m.Refusal)
	}
	return nil, fmt.Errorf("%w: the provider sent something else", ErrOffer)
}

// watch makes a stream fail when ctx ends, until the returned function is called.
func watch(ctx context.Context, stream Stream) func() {
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Now()) })
	return func() {
		if stop() {
			return
		}
		_ = stream.Close()
	}
}

// Attach opens the state's session on a stream, for the first time or again, and brings both meters together: what was
// pending when an earlier stream broke is counted if the provider has it and dropped if it has not.
func Attach(ctx context.Context, stream Stream, state *State, cfg Config) (*Session, error) {
	s := &Session{
		id: state.ID(), cfg: cfg, stream: stream, chain: voucher.NewHashChain([32]byte(state.Seed), state.Open.MaxTicks), turn: make(chan struct{}, 1), state: state, changed: make(chan struct{}),
	}
	if state.Due() > state.Vouchered() {
		s.since = cfg.Now()
	}
	if err := cfg.Save(state); err != nil {
		return nil, err
	}
	go s.read()
	if err := s.send(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Open{Open: state.Open}}); err != nil {
		return nil, s.fail(err)
	}
	if err := s.wait(ctx, func() bool { return s.opened && s.bill != nil }); err != nil {
		return nil, s.fail(err)
	}
	if err := s.resolve(); err != nil {
		return s, err
	}
	return s, s.tickAgain()
}

// resolve settles what was pending by the provider's first bill.
func (s *Session) resolve() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Ticks that an earlier run released after its last save.
	s.state.Ticks = max(s.state.Ticks, min(s.bill.TickedUtop/s.state.Offer.TickUtop, s.state.Open.MaxTicks))
	if s.state.Pending != nil {
		if equal(s.bill.Usage, add(s.state.Usage, s.state.Pending)) {
			s.state.Usage = add(s.state.Usage, s.state.Pending)
			s.since = s.cfg.Now()
		}
		s.state.Pending, s.state.Ref = nil, ""
	}
	if !within(s.bill.Usage, s.state.Usage) {
		return s.failLocked(ErrDisputed)
	}
	return s.cfg.Save(s.state)
}

// tickAgain pays once more what a provider lost when it was killed: nothing is served against ticks that it does not know.
func (s *Session) tickAgain() error {
	s.mu.Lock()
	index, lost := s.state.Ticks, s.bill.TickedUtop < s.state.Ticks*s.state.Offer.TickUtop
	s.mu.Unlock()
	if !lost {
		return nil
	}
	return s.release(index)
}

// read takes the provider's frames until the stream ends.
func (s *Session) read() {
	r := frame.NewReader(s.stream)
	for {
		var f voucher.ProviderFrame
		err := r.Read(&f)
		s.mu.Lock()
		if err == nil {
			err = s.take(&f)
		} else {
			err = fmt.Errorf("%w: %w", ErrClosed, err)
		}
		if err != nil {
			_ = s.failLocked(err)
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if s.cfg.Changed != nil {
			s.cfg.Changed()
		}
		if err != nil {
			return
		}
	}
}

func (s *Session) take(f *voucher.ProviderFrame) error {
	id := s.state.ID()
	switch m := f.Frame.(type) {
	case *voucher.ProviderFrame_Opened:
		if string(m.Opened.SessionId) != string(id[:]) {
			return fmt.Errorf("%w: another session was opened", ErrDisputed)
		}
		s.opened = true
	case *voucher.ProviderFrame_Bill:
		return s.takeBill(m.Bill)
	case *voucher.ProviderFrame_Voucher:
		return s.takeVoucher(m.Voucher)
	case *voucher.ProviderFrame_Refusal:
		switch r := refusal.Of(m.Refusal); r.Code {
		case refusal.VoucherDue:
			s.asked = true
		case refusal.EpochOver, refusal.Stopped:
			if s.opened {
				s.over = true
			} else {
				s.refused = r
			}
		default:
			s.refused = r
		}
	default:
		return fmt.Errorf("%w: unexpected frame", frame.ErrFrame)
	}
	return nil
}

// takeBill compares the provider's meter with the client's. More than was used or asked for is a dispute.
func (s *Session) takeBill(b *voucher.Bill) error {
	id := s.state.ID()
	most := add(s.state.Usage, s.state.Pending)
	cost, err := voucher.Cost(s.state.Offer.Prices, b.Usage)
	if err != nil || cost != b.DueUtop || string(b.SessionId) != string(id[:]) || !within(b.Usage, most) {
		return fmt.Errorf("%w: %d utop billed, %d used", ErrDisputed, b.DueUtop, s.state.cost(most))
	}
	s.bill = b
	return nil
}

// takeVoucher takes the countersignature of a voucher that the client signed and no other.
func (s *Session) takeVoucher(v *voucher.Voucher) error {
	if s.state.Voucher != nil && v.Number <= s.state.Voucher.Number {
		return nil // sent again when a stream opened
	}
	mine := s.state.Signed
	if mine == nil || v.Number > mine.Number {
		return fmt.Errorf("%w: a voucher that the client did not sign", ErrDisputed)
	}
	if v.Number == mine.Number && string(v.ClientSignature) != string(mine.ClientSignature) {
		return fmt.Errorf("%w: a voucher that the client did not sign", ErrDisputed)
	}
	if err := errors.Join(v.VerifyClient(s.state.Offer, s.state.Open), v.VerifyProvider(s.state.Offer)); err != nil {
		return fmt.Errorf("%w: %w", ErrDisputed, err)
	}
	s.state.Voucher = v
	s.asked = false
	if s.state.Settled() {
		s.since = time.Time{}
	}
	return s.cfg.Save(s.state)
}

func (s *Session) send(f *voucher.ClientFrame) error {
	_ = s.stream.SetWriteDeadline(time.Now().Add(writeTimeout))
	return frame.Write(s.stream, f)
}

// wait until ready, which is called with the lock held.
func (s *Session) wait(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		switch {
		case s.err != nil:
			defer s.mu.Unlock()
			return s.err
		case s.refused != nil:
			defer s.mu.Unlock()
			refused := s.refused
			s.refused = nil
			return refused
		case ready():
			s.mu.Unlock()
			return nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (s *Session) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failLocked(err)
}

func (s *Session) failLocked(err error) error {
	if s.err == nil {
		s.err = err
	}
	_ = s.stream.Close()
	_ = s.stream.SetDeadline(time.Now())
	return err
}

// ID of the session. It takes no lock: Save is called with the session's, and may need others under which somebody asks for the ID.
func (s *Session) ID() [32]byte { return s.id }

// Err is why the session can no longer be used, nil while it can.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Over tells that the provider said that the session's epoch is over.
func (s *Session) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Drop ends the stream and leaves the session as it is on both disks.
func (s *Session) Drop() { _ = s.fail(ErrClosed) }

// Retire marks the session as done: it is only attached again to be finished.
func (s *Session) Retire() {
	s.mu.Lock()
	s.state.Closed = true
	// Failing to save costs a fruitless attempt after the next start.
	_ = s.cfg.Save(s.state)
	s.mu.Unlock()
	s.Drop()
}

// State is a copy of what is on disk.
func (s *Session) State() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := *s.state
	return &state
}

// Account is a session's running bill by the client's own meter. Amounts in utop.
type Account struct {
	Provider  string
	Session   [32]byte
	Epoch     uint64
	Usage     []*voucher.Usage
	Due       uint64
	Ticked    uint64
	Vouchered uint64
	Float     uint64
}

// Account answers the running bill.
func (s *Session) Account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.Account()
	a.Float = s.bill.GetFloatUtop()
	return a
}

// Account answers the bill of a state.
func (s *State) Account() Account {
	return Account{
		Provider: s.Offer.Provider, Session: s.ID(), Epoch: s.Offer.Epoch, Usage: s.Usage,
		Due: s.Due(), Ticked: s.Ticks * s.Offer.TickUtop, Vouchered: s.Vouchered(),
	}
}
