package voucher_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

// message is what the generated types offer.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

func encode(t testing.TB, m message) []byte {
	b, err := m.Marshal()
	require.NoError(t, err)
	return b
}

// seeds adds an encoding, its prefixes and copies with single bytes changed.
func seeds(f *testing.F, m message) {
	b := encode(f, m)
	f.Add(b)
	for i := 0; i < len(b); i += 37 {
		f.Add(b[:i])
		c := append([]byte(nil), b...)
		c[i] ^= 0x41
		f.Add(c)
	}
}

// Nothing that comes out of the wire makes evidence panic, and nothing but the signed session counts: a fuzzer holds no keys.
func FuzzEvidence(f *testing.F) {
	s := newSession()
	seeds(f, s.evidence())
	near := newSession()
	near.voucher.Usage[1].Quantity, near.voucher.AmountUtop = 1<<62, 1<<63
	seeds(f, near.evidence())
	f.Add([]byte{})
	want := s.evidence().Hash()
	f.Fuzz(func(t *testing.T, data []byte) {
		var e voucher.Evidence
		if e.Unmarshal(data) != nil {
			return
		}
		hash := e.Hash()
		if voucher.VerifyEvidence(&e, chainID, inEpoch) != nil {
			return
		}
		// Keys of the fuzzer's own would need signatures of its own; only the seed's session is signed.
		require.Equal(t, want, hash)
		cost, err := voucher.Cost(e.Offer.Prices, e.Voucher.Usage)
		require.NoError(t, err)
		require.Equal(t, cost, e.Voucher.AmountUtop)
		require.LessOrEqual(t, cost, e.Open.CapUtop)
	})
}

// A provider meets frames of any client.
func FuzzClientFrame(f *testing.F) {
	s := newSession()
	preimage, err := s.chain.Preimage(3)
	require.NoError(f, err)
	for _, frame := range []*voucher.ClientFrame{
		{Frame: &voucher.ClientFrame_OfferRequest{OfferRequest: &voucher.OfferRequest{Service: "messaging", ChainId: chainID}}},
		{Frame: &voucher.ClientFrame_Open{Open: s.open}},
		{Frame: &voucher.ClientFrame_Tick{Tick: &voucher.Tick{SessionId: s.voucher.SessionId, Index: 3, Preimage: preimage[:]}}},
		{Frame: &voucher.ClientFrame_Voucher{Voucher: s.voucher}},
		{Frame: &voucher.ClientFrame_Close{Close: &voucher.Close{SessionId: s.voucher.SessionId}}},
	} {
		seeds(f, frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame voucher.ClientFrame
		if frame.Unmarshal(data) != nil {
			return
		}
		if o := frame.GetOpen(); o != nil && o.Verify(s.offer) == nil {
			require.Equal(t, s.open.SessionID(), o.SessionID())
		}
		if tk := frame.GetTick(); tk != nil {
			m := voucher.NewMeter(s.chain.Anchor(), s.open.MaxTicks)
			if m.Accept(tk) == nil {
				require.Equal(t, tk.Index, m.Index())
				require.Equal(t, tk.Preimage, s.preimage(t, tk.Index))
			} else {
				require.Zero(t, m.Index())
			}
		}
		if v := frame.GetVoucher(); v != nil {
			if v.VerifyClient(s.offer, s.open) == nil {
				require.Equal(t, s.voucher.SignBytes(), v.SignBytes())
			}
			_ = v.VerifyProvider(s.offer)
			if voucher.CheckSuccessor(s.voucher, v) == nil {
				require.Greater(t, v.Number, s.voucher.Number)
				require.GreaterOrEqual(t, v.AmountUtop, s.voucher.AmountUtop)
			}
			// In the other order the hostile voucher is the one kept; still no panic.
			_ = voucher.CheckSuccessor(v, s.voucher)
		}
	})
}

// A client meets frames of any provider.
func FuzzProviderFrame(f *testing.F) {
	s := newSession()
	for _, frame := range []*voucher.ProviderFrame{
		{Frame: &voucher.ProviderFrame_Offer{Offer: s.offer}},
		{Frame: &voucher.ProviderFrame_Opened{Opened: &voucher.Opened{SessionId: s.voucher.SessionId}}},
		{Frame: &voucher.ProviderFrame_Bill{Bill: &voucher.Bill{Usage: s.voucher.Usage, DueUtop: 620, TickedUtop: 630, FloatUtop: 40}}},
		{Frame: &voucher.ProviderFrame_Voucher{Voucher: s.voucher}},
		{Frame: &voucher.ProviderFrame_Refusal{Refusal: &voucher.Refusal{Code: "tick-due", Reason: "the first tick comes before any service"}}},
	} {
		seeds(f, frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame voucher.ProviderFrame
		if frame.Unmarshal(data) != nil {
			return
		}
		if o := frame.GetOffer(); o != nil {
			if o.Verify() == nil {
				require.Equal(t, s.offer.Hash(), o.Hash())
			}
			_, _ = voucher.Cost(o.Prices, s.voucher.Usage)
			_ = voucher.Float(o.TickUtop, o.FloatUtop, 1<<64-1)
		}
		if b := frame.GetBill(); b != nil {
			if cost, err := voucher.Cost(s.offer.Prices, b.Usage); err == nil && len(b.Usage) == 0 {
				require.Zero(t, cost)
			}
		}
		if v := frame.GetVoucher(); v != nil && v.VerifyProvider(s.offer) == nil {
			require.Equal(t, s.voucher.ProviderSignBytes(), v.ProviderSignBytes())
		}
	})
}

func (s *session) preimage(t testing.TB, index uint64) []byte {
	p, err := s.chain.Preimage(index)
	require.NoError(t, err)
	return p[:]
}
