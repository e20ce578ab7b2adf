package voucher_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

func TestEvidenceOfAnHonestSession(t *testing.T) {
	s := newSession()
	require.NoError(t, s.verify())
	require.NoError(t, s.offer.Verify())
	require.NoError(t, s.open.Verify(s.offer))
	require.NoError(t, s.voucher.VerifyClient(s.offer, s.open))
	require.NoError(t, s.voucher.VerifyProvider(s.offer))

	// A session without usage or quality figures is as valid.
	s.voucher.Usage, s.voucher.AmountUtop, s.voucher.Quality = nil, 0, nil
	s.countersign()
	require.NoError(t, s.verify())
}

// Each change is signed again by whoever would make it, so that the rule refuses it and not the signature.
func TestEvidenceRules(t *testing.T) {
	long := strings.Repeat("x", 129)
	measures := func(n int) (prices []*voucher.Price, usage []*voucher.Usage) {
		for i := range n {
			m := string(rune('a' + i))
			prices = append(prices, &voucher.Price{Measure: m, Utop: 1})
			usage = append(usage, &voucher.Usage{Measure: m, Quantity: 1})
		}
		return prices, usage
	}
	tests := []struct {
		name string
		// offer, open, voucher change their part; later parts follow and are signed.
		offer   func(*voucher.Offer)
		open    func(*voucher.Open)
		voucher func(*voucher.Voucher)
		want    error
	}{
		{name: "no chain", offer: func(o *voucher.Offer) { o.ChainId = "" }, want: voucher.ErrMismatch},
		{name: "other chain", offer: func(o *voucher.Offer) { o.ChainId = "top-msg-2" }, want: voucher.ErrMismatch},
		{name: "other epoch", offer: func(o *voucher.Offer) { o.Epoch++ }, want: voucher.ErrMismatch},
		{name: "no service", offer: func(o *voucher.Offer) { o.Service = "" }, want: voucher.ErrMalformed},
		{name: "long service", offer: func(o *voucher.Offer) { o.Service = long }, want: voucher.ErrMalformed},
		{name: "no provider", offer: func(o *voucher.Offer) { o.Provider = "" }, want: voucher.ErrMalformed},
		{name: "long provider", offer: func(o *voucher.Offer) { o.Provider = long }, want: voucher.ErrMalformed},
		{name: "short provider key", offer: func(o *voucher.Offer) { o.ProviderKey = o.ProviderKey[:31] }, want: voucher.ErrMalformed},
		{name: "huge provider key", offer: func(o *voucher.Offer) { o.ProviderKey = make([]byte, 1<<20) }, want: voucher.ErrMalformed},
		{name: "key of another", offer: func(o *voucher.Offer) { o.ProviderKey = public(testKey("other")) }, want: voucher.ErrSignature},
		{name: "no prices", offer: func(o *voucher.Offer) { o.Prices = nil }, want: voucher.ErrMalformed},
		{name: "17 prices", offer: func(o *voucher.Offer) { o.Prices, _ = measures(17) }, want: voucher.ErrMalformed},
		{name: "nil price", offer: func(o *voucher.Offer) { o.Prices[0] = nil }, want: voucher.ErrMalformed},
		{name: "nameless price", offer: func(o *voucher.Offer) { o.Prices[0].Measure = "" }, want: voucher.ErrMalformed},
		{name: "long price", offer: func(o *voucher.Offer) { o.Prices[1].Measure = long }, want: voucher.ErrMalformed},
		{name: "unsorted prices", offer: func(o *voucher.Offer) { o.Prices[0], o.Prices[1] = o.Prices[1], o.Prices[0] }, want: voucher.ErrMalformed},
		{name: "price twice", offer: func(o *voucher.Offer) { o.Prices[0].Measure = o.Prices[1].Measure }, want: voucher.ErrMalformed},
		{name: "tick of 0", offer: func(o *voucher.Offer) { o.TickUtop = 0 }, want: voucher.ErrMalformed},
		{name: "float below tick", offer: func(o *voucher.Offer) { o.FloatUtop = o.TickUtop - 1 }, want: voucher.ErrMalformed},
		{name: "no voucher value", offer: func(o *voucher.Offer) { o.VoucherUtop = 0 }, want: voucher.ErrMalformed},
		{name: "ticks beyond 2^64", offer: func(o *voucher.Offer) { o.TickUtop, o.FloatUtop = 1<<60, 1<<60 }, want: voucher.ErrAmount},

		{name: "other offer", open: func(o *voucher.Open) { o.OfferHash[0] ^= 1 }, want: voucher.ErrMismatch},
		{name: "short offer hash", open: func(o *voucher.Open) { o.OfferHash = o.OfferHash[:31] }, want: voucher.ErrMismatch},
		{name: "no payer", open: func(o *voucher.Open) { o.Payer = "" }, want: voucher.ErrMalformed},
		{name: "long payer", open: func(o *voucher.Open) { o.Payer = long }, want: voucher.ErrMalformed},
		{name: "short session key", open: func(o *voucher.Open) { o.SessionKey = o.SessionKey[:31] }, want: voucher.ErrMalformed},
		{name: "session key of another", open: func(o *voucher.Open) { o.SessionKey = public(testKey("other")) }, want: voucher.ErrSignature},
		{name: "short anchor", open: func(o *voucher.Open) { o.Anchor = o.Anchor[:31] }, want: voucher.ErrMalformed},
		{name: "no ticks", open: func(o *voucher.Open) { o.MaxTicks = 0 }, want: voucher.ErrMalformed},
		{name: "too many ticks", open: func(o *voucher.Open) { o.MaxTicks = voucher.MaxTicks + 1 }, want: voucher.ErrMalformed},
		{name: "2^64 - 1 ticks", open: func(o *voucher.Open) { o.MaxTicks = 1<<64 - 1 }, want: voucher.ErrMalformed},
		{name: "cap of 0", open: func(o *voucher.Open) { o.CapUtop = 0 }, want: voucher.ErrMalformed},
		{name: "over the cap", open: func(o *voucher.Open) { o.CapUtop = 619 }, want: voucher.ErrAmount},
		{name: "at the cap", open: func(o *voucher.Open) { o.CapUtop = 620 }},

		{name: "voucher of other chain", voucher: func(v *voucher.Voucher) { v.ChainId = "top-msg-2" }, want: voucher.ErrMismatch},
		{name: "voucher of other session", voucher: func(v *voucher.Voucher) { v.SessionId[0] ^= 1 }, want: voucher.ErrMismatch},
		{name: "short session id", voucher: func(v *voucher.Voucher) { v.SessionId = v.SessionId[:31] }, want: voucher.ErrMismatch},
		{name: "voucher of other epoch", voucher: func(v *voucher.Voucher) { v.Epoch++ }, want: voucher.ErrMismatch},
		{name: "number 0", voucher: func(v *voucher.Voucher) { v.Number = 0 }, want: voucher.ErrMalformed},
		{name: "one utop too much", voucher: func(v *voucher.Voucher) { v.AmountUtop++ }, want: voucher.ErrAmount},
		{name: "one utop too little", voucher: func(v *voucher.Voucher) { v.AmountUtop-- }, want: voucher.ErrAmount},
		{name: "usage beyond 2^64", voucher: func(v *voucher.Voucher) { v.Usage[1].Quantity = 1<<64 - 1 }, want: voucher.ErrAmount},
		{name: "wrapped amount", voucher: func(v *voucher.Voucher) { v.Usage[1].Quantity, v.AmountUtop = 1<<62, 120 }, want: voucher.ErrAmount},
		{name: "unpriced usage", voucher: func(v *voucher.Voucher) { v.Usage[1].Measure = "second" }, want: voucher.ErrMismatch},
		{name: "unsorted usage", voucher: func(v *voucher.Voucher) { v.Usage[0], v.Usage[1] = v.Usage[1], v.Usage[0] }, want: voucher.ErrMalformed},
		{name: "usage twice", voucher: func(v *voucher.Voucher) { v.Usage[0].Measure = v.Usage[1].Measure }, want: voucher.ErrMalformed},
		{name: "nil usage", voucher: func(v *voucher.Voucher) { v.Usage[0] = nil }, want: voucher.ErrMalformed},
		{name: "17 usages", voucher: func(v *voucher.Voucher) { _, v.Usage = measures(17) }, want: voucher.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSession()
			if test.offer != nil {
				test.offer(s.offer)
				s.sign()
			}
			if test.open != nil {
				test.open(s.open)
				s.open.Sign(s.client)
				id := s.open.SessionID()
				s.voucher.SessionId = id[:]
			}
			if test.voucher != nil {
				test.voucher(s.voucher)
			}
			s.countersign()
			if test.want == nil {
				require.NoError(t, s.verify())
				return
			}
			require.ErrorIs(t, s.verify(), test.want)
		})
	}
}

func TestSixteenMeasures(t *testing.T) {
	s := newSession()
	s.offer.Prices = nil
	for i := range voucher.MaxMeasures {
		s.offer.Prices = append(s.offer.Prices, &voucher.Price{Measure: string(rune('a' + i)), Utop: uint64(i)})
	}
	s.sign()
	s.voucher.Usage, s.voucher.AmountUtop = nil, 0
	for i := range voucher.MaxMeasures {
		s.voucher.Usage = append(s.voucher.Usage, &voucher.Usage{Measure: string(rune('a' + i)), Quantity: 2})
		s.voucher.AmountUtop += uint64(2 * i)
	}
	s.countersign()
	require.NoError(t, s.verify())
}

func TestMissingParts(t *testing.T) {
	s := newSession()
	for _, e := range []*voucher.Evidence{
		nil,
		{},
		{Offer: s.offer, Open: s.open},
		{Offer: s.offer, Voucher: s.voucher},
		{Open: s.open, Voucher: s.voucher},
	} {
		require.ErrorIs(t, voucher.VerifyEvidence(e, chainID, inEpoch), voucher.ErrMalformed)
		// An incomplete evidence still has a hash: hashing must not be a way to stop a node.
		_ = e.Hash()
	}
	var (
		noOffer   *voucher.Offer
		noOpen    *voucher.Open
		noVoucher *voucher.Voucher
	)
	require.ErrorIs(t, noOffer.Verify(), voucher.ErrMalformed)
	require.ErrorIs(t, noOpen.Verify(s.offer), voucher.ErrMalformed)
	require.ErrorIs(t, s.open.Verify(nil), voucher.ErrMalformed)
	require.ErrorIs(t, noVoucher.VerifyClient(s.offer, s.open), voucher.ErrMalformed)
	require.ErrorIs(t, s.voucher.VerifyClient(nil, s.open), voucher.ErrMalformed)
	require.ErrorIs(t, s.voucher.VerifyClient(s.offer, nil), voucher.ErrMalformed)
	require.ErrorIs(t, noVoucher.VerifyProvider(s.offer), voucher.ErrMalformed)
	require.ErrorIs(t, s.voucher.VerifyProvider(nil), voucher.ErrMalformed)
}

func TestEvidenceHashCoversEverySignature(t *testing.T) {
	seen := map[[32]byte]bool{newSession().evidence().Hash(): true}
	for _, change := range []func(s *session){
		func(s *session) { s.offer.Signature[0] ^= 1 },
		func(s *session) { s.open.Signature[0] ^= 1 },
		func(s *session) { s.voucher.ClientSignature[0] ^= 1 },
		func(s *session) { s.voucher.ProviderSignature[0] ^= 1 },
		func(s *session) { s.offer.Nonce++ },
		func(s *session) { s.open.Nonce++ },
		func(s *session) { s.voucher.Number++ },
		func(s *session) { s.voucher.Quality.Failures++ },
	} {
		s := newSession()
		change(s)
		h := s.evidence().Hash()
		require.False(t, seen[h])
		seen[h] = true
	}
}
