package session

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

var (
	providerKey = ed25519.NewKeyFromSeed([]byte("provider provider provider provi"))
	sessionKey  = ed25519.NewKeyFromSeed([]byte("client client client client clie"))
)

type signer struct{}

func (signer) SignVoucher(v *voucher.Voucher) { v.SignClient(sessionKey) }

func terms() Terms {
	return Terms{
		ChainID: "top-msg-1", Service: "messaging", Provider: "top1provider", ProviderKey: providerKey.Public().(ed25519.PublicKey),
		MaxPrices: map[string]uint64{"kib": 10, "message": 100}, Epoch: 5, Payer: "top1payer", Key: sessionKey, Cap: 10_000,
	}
}

func offer() *voucher.Offer {
	o := &voucher.Offer{
		ChainId: "top-msg-1", Service: "messaging", Provider: "top1provider", ProviderKey: providerKey.Public().(ed25519.PublicKey),
		Prices:   []*voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
		TickUtop: 10, FloatUtop: 1000, VoucherUtop: 500, Epoch: 5, Nonce: 1,
	}
	o.Sign(providerKey)
	return o
}

func TestAccept(t *testing.T) {
	_, err := terms().Accept(offer(), rand.Reader)
	require.NoError(t, err)
	for name, f := range map[string]func(*voucher.Offer){
		"dearer":          func(o *voucher.Offer) { o.Prices[1].Utop++ },
		"other measure":   func(o *voucher.Offer) { o.Prices[1].Measure = "text" },
		"one price more":  func(o *voucher.Offer) { o.Prices = append(o.Prices, &voucher.Price{Measure: "setup", Utop: 1}) },
		"other chain":     func(o *voucher.Offer) { o.ChainId = "top-msg-2" },
		"other service":   func(o *voucher.Offer) { o.Service = "vpn" },
		"other account":   func(o *voucher.Offer) { o.Provider = "top1other" },
		"old epoch":       func(o *voucher.Offer) { o.Epoch = 4 },
		"far epoch":       func(o *voucher.Offer) { o.Epoch = 7 },
		"tick of nothing": func(o *voucher.Offer) { o.TickUtop = 0 },
		"tick over cap":   func(o *voucher.Offer) { o.TickUtop, o.FloatUtop, o.VoucherUtop = 20_000, 20_000, 20_000 },
	} {
		o := offer()
		f(o)
		o.Sign(providerKey)
		_, err := terms().Accept(o, rand.Reader)
		require.ErrorIs(t, err, ErrOffer, name)
	}
	o := offer()
	o.Nonce++
	_, err = terms().Accept(o, rand.Reader)
	require.ErrorIs(t, err, ErrOffer, "not signed")
}

// counterpart is a provider that a test scripts: it answers Open honestly and then what script says.
type counterpart struct {
	t     *testing.T
	conn  net.Conn
	state *State

	float uint64 // utop; 0 is 10

	mu    sync.Mutex
	usage []*voucher.Usage
	ticks uint64
	heard int // frames with ticks
}

func (c *counterpart) bill() *voucher.ProviderFrame {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.state.ID()
	due, err := voucher.Cost(c.state.Offer.Prices, c.usage)
	if err != nil {
		c.t.Error(err)
	}
	return &voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Bill{Bill: &voucher.Bill{
		SessionId: id[:], Usage: c.usage, DueUtop: due, TickedUtop: c.ticks * c.state.Offer.TickUtop, FloatUtop: max(c.float, 10),
	}}}
}

func (c *counterpart) send(f *voucher.ProviderFrame) {
	// A client that is through with us does not read any more.
	_ = frame.Write(c.conn, f)
}

// serve answers frames; change may falsify a countersigned voucher.
func (c *counterpart) serve(change func(*voucher.Voucher)) {
	r := frame.NewReader(c.conn)
	for {
		var f voucher.ClientFrame
		if r.Read(&f) != nil {
			return
		}
		switch m := f.Frame.(type) {
		case *voucher.ClientFrame_Open:
			id := c.state.ID()
			c.send(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Opened{Opened: &voucher.Opened{SessionId: id[:]}}})
			c.send(c.bill())
		case *voucher.ClientFrame_Tick:
			c.mu.Lock()
			c.ticks = m.Tick.Index
			c.heard++
			c.mu.Unlock()
			c.send(c.bill())
		case *voucher.ClientFrame_Voucher:
			v := *m.Voucher
			v.SignProvider(providerKey)
			if change != nil {
				change(&v)
			}
			c.send(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Voucher{Voucher: &v}})
		}
	}
}

// disk keeps what was saved last.
type disk struct{ raw []byte }

func (d *disk) save(s *State) (err error) {
	d.raw, err = json.Marshal(s)
	return err
}

func (d *disk) load(t *testing.T) *State {
	var s State
	require.NoError(t, json.Unmarshal(d.raw, &s))
	return &s
}

func attach(t *testing.T, state *State, prepare func(*counterpart), change func(*voucher.Voucher)) (*Session, *counterpart, *disk, error) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close(); _ = theirs.Close() })
	if state == nil {
		var err error
		state, err = terms().Accept(offer(), rand.Reader)
		require.NoError(t, err)
	}
	c := &counterpart{t: t, conn: theirs, state: state}
	if prepare != nil {
		prepare(c)
	}
	go c.serve(change)
	d := &disk{}
	s, err := Attach(t.Context(), ours, state, Config{Key: signer{}, Save: d.save, Now: time.Now})
	return s, c, d, err
}

func usage(n uint64) []*voucher.Usage {
	return []*voucher.Usage{{Measure: "kib", Quantity: 2 * n}, {Measure: "message", Quantity: n}}
}

func TestUse(t *testing.T) {
	s, _, d, err := attach(t, nil, nil, nil)
	require.NoError(t, err)
	for i := uint64(1); i <= 5; i++ {
		err := s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) {
			require.Equal(t, usage(1), d.load(t).Pending, "on disk before it is asked for")
			return true, nil
		})
		require.NoError(t, err)
		require.Equal(t, i*120, s.Account().Due)
		require.GreaterOrEqual(t, s.Account().Ticked, i*120)
	}
	require.Equal(t, uint64(600), s.Account().Vouchered, "at 500 utop without voucher one is signed")
	require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return false, nil }))
	require.Equal(t, uint64(600), s.Account().Due, "a duplicate costs nothing")
	refused := refusal.New(refusal.MailboxFull, "")
	require.ErrorIs(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return false, refused }), refused)
	require.Equal(t, uint64(600), s.Account().Due)
	require.NoError(t, s.Err())
	err = s.Use(t.Context(), usage(1000), "m", nil)
	require.Equal(t, refusal.CapReached, refusal.Code(err))
}

// Half of the float stays open at most; below that, no frame is spent on ticks.
func TestTicksComeInTime(t *testing.T) {
	s, c, _, err := attach(t, nil, func(c *counterpart) { c.float = 1000 }, nil)
	require.NoError(t, err)
	const uses = 20
	for range uses {
		require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
		a := s.Account()
		require.LessOrEqual(t, a.Due-min(a.Due, a.Ticked), uint64(500))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Positive(t, c.heard)
	require.LessOrEqual(t, c.heard, 1+uses*120/500)
}

// Who saves a session may hold locks under which others ask for its ID.
func TestIDTakesNoLock(t *testing.T) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close(); _ = theirs.Close() })
	state, err := terms().Accept(offer(), rand.Reader)
	require.NoError(t, err)
	go (&counterpart{t: t, conn: theirs, state: state}).serve(nil)
	var s *Session
	asked := false
	s, err = Attach(t.Context(), ours, state, Config{Key: signer{}, Now: time.Now, Save: func(state *State) error {
		if s != nil {
			require.Equal(t, state.ID(), s.ID())
			asked = true
		}
		return nil
	}})
	require.NoError(t, err)
	require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
	require.True(t, asked)
}

// A provider that was killed does not know the last ticks. It gets them again, and goes on even when everything is paid ahead.
func TestTicksThatTheProviderLost(t *testing.T) {
	s, _, d, err := attach(t, nil, nil, nil)
	require.NoError(t, err)
	s.ahead = true
	served := func(context.Context, [32]byte) (bool, error) { return true, nil }
	require.NoError(t, s.Use(t.Context(), usage(1), "m", served))
	paid := d.load(t).Ticks
	require.NotZero(t, paid)
	s.Drop()

	s, c, _, err := attach(t, d.load(t), func(c *counterpart) { c.usage, c.ticks = usage(1), paid-1 }, nil)
	require.NoError(t, err)
	s.ahead = true
	require.NoError(t, s.Use(t.Context(), nil, "question", served))
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Equal(t, paid, c.ticks)
}

// TestOverbilled: a bill over what was used ends the session; nothing more is paid or signed.
func TestOverbilled(t *testing.T) {
	s, c, d, err := attach(t, nil, nil, nil)
	require.NoError(t, err)
	require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
	c.mu.Lock()
	c.usage = usage(2)
	c.mu.Unlock()
	c.send(c.bill())
	require.Eventually(t, func() bool { return s.Err() != nil }, 5*time.Second, time.Millisecond)
	require.ErrorIs(t, s.Err(), ErrDisputed)
	require.ErrorIs(t, s.Sign(t.Context()), ErrDisputed)
	require.Nil(t, d.load(t).Signed)
	err = s.Use(t.Context(), usage(1), "m", nil)
	require.ErrorIs(t, err, ErrDisputed)
}

func TestFalseBills(t *testing.T) {
	for name, f := range map[string]func(*voucher.Bill){
		"amount without usage": func(b *voucher.Bill) { b.DueUtop++ },
		"another session":      func(b *voucher.Bill) { b.SessionId = make([]byte, 32) },
		"unknown measure":      func(b *voucher.Bill) { b.Usage = []*voucher.Usage{{Measure: "gib", Quantity: 1}} },
		"usage of nothing":     func(b *voucher.Bill) { b.Usage, b.DueUtop = usage(1), 120 },
	} {
		s, c, _, err := attach(t, nil, nil, nil)
		require.NoError(t, err, name)
		f2 := c.bill()
		f(f2.GetBill())
		c.send(f2)
		require.Eventually(t, func() bool { return errors.Is(s.Err(), ErrDisputed) }, 5*time.Second, time.Millisecond, name)
	}
}

func TestFalseVouchers(t *testing.T) {
	for name, f := range map[string]func(*voucher.Voucher){
		"amount":             func(v *voucher.Voucher) { v.AmountUtop++; v.SignProvider(providerKey) },
		"number":             func(v *voucher.Voucher) { v.Number++; v.SignProvider(providerKey) },
		"not countersigned":  func(v *voucher.Voucher) { v.ProviderSignature = nil },
		"client's signature": func(v *voucher.Voucher) { v.ClientSignature = make([]byte, 64); v.SignProvider(providerKey) },
	} {
		s, _, d, err := attach(t, nil, nil, f)
		require.NoError(t, err)
		require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
		require.ErrorIs(t, s.Sign(t.Context()), ErrDisputed, name)
		require.Nil(t, d.load(t).Voucher, name)
	}
}

// TestLostAnswer: after a restart the provider's bill tells whether what was pending was charged, and a voucher whose
// countersignature was lost is sent again unchanged.
func TestLostAnswer(t *testing.T) {
	for _, charged := range []bool{true, false} {
		s, _, d, err := attach(t, nil, nil, nil)
		require.NoError(t, err)
		require.NoError(t, s.Use(t.Context(), usage(1), "first", func(context.Context, [32]byte) (bool, error) { return true, nil }))
		lost := errors.New("connection lost")
		require.ErrorIs(t, s.Use(t.Context(), usage(1), "second", func(context.Context, [32]byte) (bool, error) { return false, lost }), lost)
		require.Error(t, s.Err(), "the session waits for the provider's word")
		state := d.load(t)
		require.Equal(t, "second", state.Ref)

		want := uint64(1)
		if charged {
			want = 2
		}
		again, c, d, err := attach(t, state, func(c *counterpart) { c.usage, c.ticks = usage(want), 40 }, nil)
		require.NoError(t, err)
		require.Equal(t, want*120, again.Account().Due)
		require.Empty(t, d.load(t).Ref)
		require.Equal(t, uint64(40), d.load(t).Ticks, "ticks released before the crash")
		require.NoError(t, again.Finish(t.Context()))
		require.Equal(t, want*120, d.load(t).Vouchered())
		require.True(t, d.load(t).Closed)
		_ = c
	}

	silent := func(v *voucher.Voucher) { v.SessionId = nil } // never a valid answer
	s, _, d, err := attach(t, nil, nil, silent)
	require.NoError(t, err)
	require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
	require.Error(t, s.Sign(t.Context()))
	state := d.load(t)
	require.NotNil(t, state.Signed)
	first := *state.Signed
	again, _, d2, err := attach(t, state, func(c *counterpart) { c.usage, c.ticks = usage(1), 12 }, nil)
	require.NoError(t, err)
	require.NoError(t, again.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
	require.NoError(t, again.Sign(t.Context()))
	got := d2.load(t).Voucher
	require.Equal(t, uint64(2), got.Number)
	require.Equal(t, first.Number, uint64(1), "number 1 was never signed twice")
	require.Equal(t, uint64(240), got.AmountUtop)
}

// TestResumeOverbilled: a restart is no chance to bill more.
func TestResumeOverbilled(t *testing.T) {
	s, _, d, err := attach(t, nil, nil, nil)
	require.NoError(t, err)
	require.NoError(t, s.Use(t.Context(), usage(1), "m", func(context.Context, [32]byte) (bool, error) { return true, nil }))
	_, _, _, err = attach(t, d.load(t), func(c *counterpart) { c.usage = usage(2) }, nil)
	require.ErrorIs(t, err, ErrDisputed)
}
