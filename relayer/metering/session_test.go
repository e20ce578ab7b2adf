package metering

import (
	"crypto/ed25519"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

const epoch = 5

var (
	providerKey = ed25519.NewKeyFromSeed([]byte("provider provider provider provi"))
	sessionKeyA = ed25519.NewKeyFromSeed([]byte("client client client client clie"))
	now         = time.Unix(1_800_000_000, 0)
)

func newOffer(nonce uint64) *voucher.Offer {
	o := &voucher.Offer{
		ChainId: "top-msg-1", Service: "messaging", Provider: "top1provider", ProviderKey: providerKey.Public().(ed25519.PublicKey),
		Prices:   []*voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
		TickUtop: 10, FloatUtop: 1000, VoucherUtop: 500, Epoch: epoch, Nonce: nonce,
	}
	o.Sign(providerKey)
	return o
}

// client is the other side of a session, honest unless a test makes it otherwise.
type client struct {
	*voucher.Open
	chain *voucher.HashChain
	offer *voucher.Offer
}

func newClient(offer *voucher.Offer, capUtop, nonce uint64) client {
	return newClientOf(offer, "top1payer", sessionKeyA, capUtop, nonce)
}

func newClientOf(offer *voucher.Offer, payer string, key ed25519.PrivateKey, capUtop, nonce uint64) client {
	chain := voucher.NewHashChain([32]byte{byte(nonce), 1}, 10_000)
	hash, anchor := offer.Hash(), chain.Anchor()
	open := &voucher.Open{
		OfferHash: hash[:], Payer: payer, SessionKey: key.Public().(ed25519.PublicKey), Anchor: anchor[:],
		MaxTicks: 10_000, CapUtop: capUtop, Nonce: nonce,
	}
	open.Sign(key)
	return client{open, chain, offer}
}

func (c client) tick(index uint64) *voucher.Tick {
	id := c.SessionID()
	p, err := c.chain.Preimage(index)
	if err != nil {
		panic(err)
	}
	return &voucher.Tick{SessionId: id[:], Index: index, Preimage: p[:]}
}

func (c client) voucher(number uint64, usage []*voucher.Usage) *voucher.Voucher {
	id := c.SessionID()
	amount, err := voucher.Cost(c.offer.Prices, usage)
	if err != nil {
		panic(err)
	}
	v := &voucher.Voucher{
		ChainId: c.offer.ChainId, SessionId: id[:], Number: number, Epoch: c.offer.Epoch, Usage: usage, AmountUtop: amount,
		Quality: &voucher.Quality{},
	}
	v.SignClient(sessionKeyA)
	return v
}

func open(t require.TestingT, capUtop uint64) (*Session, client) {
	offer := newOffer(1)
	c := newClient(offer, capUtop, 1)
	s, err := NewSession(offer, c.Open, "peer")
	require.NoError(t, err)
	return s, c
}

// messages of 2 KiB cost 120 utop each.
func messages(n uint64) []*voucher.Usage {
	return []*voucher.Usage{{Measure: "kib", Quantity: 2 * n}, {Measure: "message", Quantity: n}}
}

func serve(s *Session, n uint64) error {
	if _, err := s.Allow(messages(n), epoch, Terms{}, now); err != nil {
		return err
	}
	return s.Count(messages(n), now)
}

func TestFirstTickComesFirst(t *testing.T) {
	s, c := open(t, 10_000)
	require.Equal(t, refusal.TickDue, refusal.Code(serve(s, 1)))
	require.NoError(t, s.Accept(c.tick(1)))
	require.Equal(t, refusal.TickDue, refusal.Code(serve(s, 1)), "one tick and a float of one tick do not pay 120 utop")
	require.NoError(t, s.Accept(c.tick(12)))
	require.NoError(t, serve(s, 1))
	require.Equal(t, uint64(120), s.Bill().DueUtop)
	require.Equal(t, uint64(120), s.Bill().TickedUtop)
}

// TestFloat: whoever stops paying is cut off at the float; whoever pays gets more of it, up to the limit.
func TestFloat(t *testing.T) {
	s, c := open(t, 1_000_000)
	paid := uint64(0)
	for range 40 {
		before := s.float()
		paid += 12
		require.NoError(t, s.Accept(c.tick(paid)))
		require.NoError(t, serve(s, 1))
		_, err := s.Countersign(c.voucher(s.Voucher.GetNumber()+1, s.Usage), providerKey)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.float(), before)
		require.LessOrEqual(t, s.float(), s.Offer.FloatUtop)
	}
	require.Equal(t, s.Offer.FloatUtop, s.float())
	served := 0
	for serve(s, 1) == nil {
		served++
		_, err := s.Countersign(c.voucher(s.Voucher.GetNumber()+1, s.Usage), providerKey)
		require.NoError(t, err)
	}
	require.Equal(t, 1000/120, served, "unpaid service stays within the float")
	require.LessOrEqual(t, s.due-s.ticked(), s.Offer.FloatUtop)
}

// TestTicksWithoutUse: paying for nothing earns no trust.
func TestTicksWithoutUse(t *testing.T) {
	s, c := open(t, 10_000)
	for i := uint64(1); i <= 100; i++ {
		require.NoError(t, s.Accept(c.tick(i)))
	}
	require.Equal(t, s.Offer.TickUtop, s.float())
}

func TestTicks(t *testing.T) {
	s, c := open(t, 10_000)
	require.NoError(t, s.Accept(c.tick(5)))
	other := newClient(newOffer(2), 10_000, 2)
	forged := c.tick(6)
	forged.Preimage[0] ^= 1
	for name, tick := range map[string]*voucher.Tick{
		"again": c.tick(5), "lower": c.tick(4), "forged": forged, "another session's": other.tick(6),
		"another session's, renamed": {SessionId: s.ID[:], Index: 6, Preimage: other.tick(6).Preimage},
		"index too high":             {SessionId: s.ID[:], Index: math.MaxUint64, Preimage: c.tick(6).Preimage},
		"no preimage":                {SessionId: s.ID[:], Index: 6},
	} {
		require.Equal(t, refusal.BadFrame, refusal.Code(s.Accept(tick)), name)
	}
	require.Equal(t, uint64(50), s.ticked())
}

// TestVoucherDue: a client that signs no voucher is cut off at the voucher limit, however much it ticks.
func TestVoucherDue(t *testing.T) {
	s, c := open(t, 1_000_000)
	require.NoError(t, s.Accept(c.tick(10_000)))
	served := uint64(0)
	for serve(s, 1) == nil {
		served++
	}
	require.Equal(t, uint64(5), served, "500 utop at 120 each, the last one crossing")
	require.Equal(t, refusal.VoucherDue, refusal.Code(serve(s, 1)))
	_, err := s.Countersign(c.voucher(1, messages(1)), providerKey)
	require.NoError(t, err, "a voucher for less is taken")
	require.NoError(t, serve(s, 1), "it brings the rest under the limit")
	require.Equal(t, refusal.VoucherDue, refusal.Code(serve(s, 1)))
}

func TestVouchers(t *testing.T) {
	s, c := open(t, 10_000)
	require.NoError(t, s.Accept(c.tick(1000)))
	require.NoError(t, serve(s, 3))
	first, err := s.Countersign(c.voucher(1, messages(2)), providerKey)
	require.NoError(t, err)
	require.NoError(t, first.VerifyProvider(s.Offer))
	again, err := s.Countersign(c.voucher(1, messages(2)), providerKey)
	require.NoError(t, err, "its answer was lost")
	require.Equal(t, first, again)

	change := func(f func(*voucher.Voucher)) *voucher.Voucher {
		v := c.voucher(2, messages(3))
		f(v)
		v.SignClient(sessionKeyA)
		return v
	}
	for name, v := range map[string]*voucher.Voucher{
		"more than was used": c.voucher(2, messages(4)),
		"wrong amount":       change(func(v *voucher.Voucher) { v.AmountUtop-- }),
		"other epoch":        change(func(v *voucher.Voucher) { v.Epoch++ }),
		"other chain":        change(func(v *voucher.Voucher) { v.ChainId = "top-vpn-1" }),
		"same number":        c.voucher(1, messages(3)),
		"usage falls":        c.voucher(2, messages(1)),
		"unknown measure":    change(func(v *voucher.Voucher) { v.Usage[0].Measure = "gib" }),
		"no signature":       {ChainId: s.Offer.ChainId, SessionId: s.ID[:], Number: 2, Epoch: epoch},
		"another session's":  newClient(newOffer(2), 10_000, 2).voucher(2, messages(3)),
	} {
		if name == "unknown measure" {
			continue // Cost refuses it before it can be signed here
		}
		_, err := s.Countersign(v, providerKey)
		require.Contains(t, []string{refusal.BadFrame, refusal.WrongAmount}, refusal.Code(err), name)
		require.Equal(t, first, s.Voucher, name)
	}
	_, err = s.Countersign(c.voucher(2, messages(3)), providerKey)
	require.NoError(t, err)
	require.NoError(t, voucher.VerifyEvidence(s.Evidence(), "top-msg-1", epoch))
}

func TestOpen(t *testing.T) {
	offer := newOffer(1)
	for name, f := range map[string]func(*voucher.Offer, *voucher.Open){
		"another offer":  func(o *voucher.Offer, p *voucher.Open) { *o = *newOffer(2) },
		"cheaper offer":  func(o *voucher.Offer, p *voucher.Open) { o.Prices = []*voucher.Price{{Measure: "message", Utop: 1}} },
		"key of another": func(o *voucher.Offer, p *voucher.Open) { p.SessionKey = o.ProviderKey },
		"higher cap":     func(o *voucher.Offer, p *voucher.Open) { p.CapUtop++ },
		"no cap":         func(o *voucher.Offer, p *voucher.Open) { p.CapUtop = 0; p.Sign(sessionKeyA) },
		"too many ticks": func(o *voucher.Offer, p *voucher.Open) { p.MaxTicks = math.MaxUint64; p.Sign(sessionKeyA) },
		"short anchor":   func(o *voucher.Offer, p *voucher.Open) { p.Anchor = p.Anchor[1:]; p.Sign(sessionKeyA) },
		"no payer":       func(o *voucher.Offer, p *voucher.Open) { p.Payer = ""; p.Sign(sessionKeyA) },
	} {
		o := *offer
		p := *newClient(offer, 1000, 1).Open
		f(&o, &p)
		_, err := NewSession(&o, &p, "peer")
		require.Equal(t, refusal.BadFrame, refusal.Code(err), name)
	}
}

func TestLimits(t *testing.T) {
	s, c := open(t, 250)
	require.NoError(t, s.Accept(c.tick(100)))
	require.NoError(t, serve(s, 2))
	require.Equal(t, refusal.CapReached, refusal.Code(serve(s, 1)))
	_, err := s.Allow([]*voucher.Usage{{Measure: "message", Quantity: math.MaxUint64}}, epoch, Terms{}, now)
	require.Error(t, err, "overflow")
	_, err = s.Allow(nil, epoch+1, Terms{}, now)
	require.Equal(t, refusal.EpochOver, refusal.Code(err))
	s.Closed = true
	require.Equal(t, refusal.Closed, refusal.Code(serve(s, 0)))
	require.Equal(t, refusal.Closed, refusal.Code(s.Accept(c.tick(101))))
}

// TestVoucherPeriod: usage without voucher is not served on for long, whatever its value. The clock is simulated.
func TestVoucherPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terms := Terms{VoucherPeriod: 10 * time.Second}
		s, c := open(t, 10_000)
		require.NoError(t, s.Accept(c.tick(1000)))
		require.NoError(t, s.Count(messages(1), time.Now()))
		time.Sleep(9 * time.Second)
		require.False(t, s.VoucherDue(terms, time.Now()))
		require.NoError(t, s.Count(messages(1), time.Now()), "more usage does not put it off")
		time.Sleep(time.Second)
		require.True(t, s.VoucherDue(terms, time.Now()))
		_, err := s.Countersign(c.voucher(1, messages(2)), providerKey)
		require.NoError(t, err)
		require.False(t, s.VoucherDue(terms, time.Now()))
		time.Sleep(time.Hour)
		require.False(t, s.VoucherDue(terms, time.Now()), "nothing is open")
	})
}

// TestMachine: in whatever order a client ticks, uses and signs, unpaid service stays within the float, unvouchered
// service within the voucher limit and one message, and what is claimable is exactly what both signed.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := open(t, 100_000)
		index, number := uint64(0), uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"tick": func(t *rapid.T) {
				index += rapid.Uint64Range(1, 30).Draw(t, "ticks")
				require.NoError(t, s.Accept(c.tick(index)))
			},
			"use": func(t *rapid.T) {
				n := rapid.Uint64Range(1, 3).Draw(t, "messages")
				before := s.due
				if err := serve(s, n); err != nil {
					var r *refusal.Error
					require.True(t, errors.As(err, &r))
					require.Equal(t, before, s.due)
				}
			},
			"voucher": func(t *rapid.T) {
				if s.due == s.vouchered() {
					return
				}
				number++
				_, err := s.Countersign(c.voucher(number, s.Usage), providerKey)
				require.NoError(t, err)
			},
			"restart": func(t *rapid.T) {
				raw, err := s.Record.Marshal()
				require.NoError(t, err)
				var r Record
				require.NoError(t, r.Unmarshal(raw))
				again, err := load(r, now)
				require.NoError(t, err)
				require.Equal(t, s.Bill(), again.Bill())
				s = again
			},
			"": func(t *rapid.T) {
				require.LessOrEqual(t, s.due, s.Open.CapUtop)
				require.LessOrEqual(t, s.due-min(s.due, s.ticked()), s.Offer.FloatUtop)
				require.LessOrEqual(t, s.due-s.vouchered(), s.Offer.VoucherUtop+3*120)
				if e := s.Evidence(); e != nil {
					require.NoError(t, voucher.VerifyEvidence(e, "top-msg-1", epoch))
				}
			},
		})
	})
}
