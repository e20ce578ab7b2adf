package voucher_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

// One key holds every role here, so that only the domains keep a signature made in one role from serving in another.
func TestSignaturesServeOnePurpose(t *testing.T) {
	s := newSession()
	s.client = s.provider
	s.sign()
	require.NoError(t, s.verify())

	messages := map[string][]byte{
		"offer":            s.offer.SignBytes(),
		"open":             s.open.SignBytes(),
		"voucher/client":   s.voucher.SignBytes(),
		"voucher/provider": s.voucher.ProviderSignBytes(),
		"provider key":     voucher.ProviderKeySignBytes("top-main-1", chainID, "top1provider", public(s.provider)),
	}
	accepts := map[string]func(sig []byte) error{
		"offer": func(sig []byte) error {
			o := *s.offer
			o.Signature = sig
			return o.Verify()
		},
		"open": func(sig []byte) error {
			o := *s.open
			o.Signature = sig
			return o.Verify(s.offer)
		},
		"voucher/client": func(sig []byte) error {
			v := *s.voucher
			v.ClientSignature = sig
			return v.VerifyClient(s.offer, s.open)
		},
		"voucher/provider": func(sig []byte) error {
			v := *s.voucher
			v.ProviderSignature = sig
			return v.VerifyProvider(s.offer)
		},
	}
	for made, message := range messages {
		for used, verify := range accepts {
			err := verify(ed25519.Sign(s.provider, message))
			if made == used {
				require.NoError(t, err, made)
			} else {
				require.ErrorIs(t, err, voucher.ErrSignature, "%s as %s", made, used)
			}
		}
	}
}

// A signature is bound to each field: a change of any, without signing again, is refused.
func TestEveryFieldIsSigned(t *testing.T) {
	for name, change := range map[string]func(s *session){
		"offer.chain":      func(s *session) { s.offer.ChainId = "top-msg-2" },
		"offer.service":    func(s *session) { s.offer.Service = "vpn" },
		"offer.provider":   func(s *session) { s.offer.Provider = "top1other" },
		"offer.measure":    func(s *session) { s.offer.Prices[0].Measure = "kib2" },
		"offer.price":      func(s *session) { s.offer.Prices[0].Utop++ },
		"offer.tick":       func(s *session) { s.offer.TickUtop++ },
		"offer.float":      func(s *session) { s.offer.FloatUtop++ },
		"offer.voucher":    func(s *session) { s.offer.VoucherUtop++ },
		"offer.epoch":      func(s *session) { s.offer.Epoch++ },
		"offer.nonce":      func(s *session) { s.offer.Nonce++ },
		"open.payer":       func(s *session) { s.open.Payer = "top1other" },
		"open.anchor":      func(s *session) { s.open.Anchor[0] ^= 1 },
		"open.ticks":       func(s *session) { s.open.MaxTicks++ },
		"open.cap":         func(s *session) { s.open.CapUtop++ },
		"open.nonce":       func(s *session) { s.open.Nonce++ },
		"voucher.number":   func(s *session) { s.voucher.Number++ },
		"voucher.samples":  func(s *session) { s.voucher.Quality.Samples++ },
		"voucher.p50":      func(s *session) { s.voucher.Quality.RttP50Us++ },
		"voucher.p95":      func(s *session) { s.voucher.Quality.RttP95Us++ },
		"voucher.failures": func(s *session) { s.voucher.Quality.Failures++ },
		// 10 × 2 = 20: the same bill, split otherwise.
		"voucher.usage": func(s *session) { s.voucher.Usage[0].Quantity, s.voucher.Usage[1].Quantity = 22, 4 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			change(s)
			var err error
			switch name[:4] {
			case "offe":
				err = s.offer.Verify()
			case "open":
				err = s.open.Verify(s.offer)
			default:
				err = s.voucher.VerifyClient(s.offer, s.open)
			}
			require.ErrorIs(t, err, voucher.ErrSignature)
			require.Error(t, s.verify())
		})
	}
}

func TestVoucherOfAnotherChain(t *testing.T) {
	s := newSession()
	require.ErrorIs(t, voucher.VerifyEvidence(s.evidence(), "top-msg-2", inEpoch), voucher.ErrMismatch)
	require.ErrorIs(t, voucher.VerifyEvidence(s.evidence(), chainID, inEpoch+1), voucher.ErrMismatch)

	// Two chains with one provider and one client: parts of one session do not fit into the other's.
	other := newSession()
	other.offer.ChainId = "top-msg-2"
	other.sign()
	require.NoError(t, voucher.VerifyEvidence(other.evidence(), "top-msg-2", inEpoch))
	for _, mixed := range []*voucher.Evidence{
		{Offer: s.offer, Open: other.open, Voucher: other.voucher},
		{Offer: s.offer, Open: s.open, Voucher: other.voucher},
		{Offer: s.offer, Open: other.open, Voucher: s.voucher},
		{Offer: other.offer, Open: s.open, Voucher: s.voucher},
	} {
		require.ErrorIs(t, voucher.VerifyEvidence(mixed, mixed.Offer.ChainId, inEpoch), voucher.ErrMismatch)
	}
}

// The voucher alone does not show that its open accepted this offer: a dearer offer must not be slipped under it.
func TestVoucherWithASwappedOffer(t *testing.T) {
	s := newSession()
	dear := newSession()
	dear.offer.Prices[0].Utop, dear.offer.Prices[1].Utop = 20, 200
	dear.offer.Sign(s.provider)
	s.voucher.AmountUtop = 1240
	s.countersign()
	require.ErrorIs(t, s.voucher.VerifyClient(dear.offer, s.open), voucher.ErrMismatch)
}

func TestProviderSignatureCoversTheClients(t *testing.T) {
	s := newSession()
	s.voucher.ClientSignature = ed25519.Sign(s.client, []byte("something else"))
	require.ErrorIs(t, s.voucher.VerifyProvider(s.offer), voucher.ErrSignature)
	s.voucher.ClientSignature = nil
	require.ErrorIs(t, s.voucher.VerifyProvider(s.offer), voucher.ErrSignature)
}

func TestProviderKeyProofIsForOneAccount(t *testing.T) {
	key := public(testKey("provider"))
	seen := map[string]bool{}
	for _, f := range [][3]string{
		{"top-main-1", "top-msg-1", "top1a"},
		{"top-main-2", "top-msg-1", "top1a"},
		{"top-main-1", "top-msg-2", "top1a"},
		{"top-main-1", "top-msg-1", "top1b"},
		// Texts that are equal when joined.
		{"top-main-1top-msg-1", "", "top1a"},
		{"top-main-1", "top-msg-1top1a", ""},
	} {
		b := string(voucher.ProviderKeySignBytes(f[0], f[1], f[2], key))
		require.False(t, seen[b])
		seen[b] = true
	}
}

// L is the order of ed25519's base point: 2^252 + 27742317777372353535851937790883648493.
var orderL, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func TestSignaturesHaveOneForm(t *testing.T) {
	s := newSession()
	// S + L is the same number modulo L; RFC 8032 section 5.1.7 refuses it.
	le := slices.Clone(s.offer.Signature[32:])
	slices.Reverse(le)
	malleated := new(big.Int).Add(new(big.Int).SetBytes(le), orderL).FillBytes(make([]byte, 32))
	slices.Reverse(malleated)
	s.offer.Signature = append(slices.Clone(s.offer.Signature[:32]), malleated...)
	require.ErrorIs(t, s.offer.Verify(), voucher.ErrSignature)

	s = newSession()
	for bit := range 8 * ed25519.SignatureSize {
		o := *s.offer
		o.Signature = slices.Clone(s.offer.Signature)
		o.Signature[bit/8] ^= 1 << (bit % 8)
		require.ErrorIs(t, o.Verify(), voucher.ErrSignature, "bit %d", bit)
	}
	for _, length := range []int{0, 32, 63, 65, 1 << 20} {
		o := *s.offer
		o.Signature = make([]byte, length)
		require.ErrorIs(t, o.Verify(), voucher.ErrSignature, "%d bytes", length)
	}
}

// The 14 encodings of points of small order, canonical or not, from "Taming the many EdDSAs". Under each of them the standard library accepts a signature that its
// owner never made; the test shows that, so that the rule stays only as long as it is needed.
func TestSmallOrderKeysAreRefused(t *testing.T) {
	var keys [][]byte
	for _, y := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(y)
		require.NoError(t, err)
		signed := slices.Clone(b)
		signed[31] |= 0x80
		keys = append(keys, b, signed)
	}
	for _, key := range keys {
		s := newSession()
		s.offer.ProviderKey = key
		require.True(t, forge(s.offer, keys), "the standard library refuses %x now", key)
		provesNothing(t, s.offer.Verify(), key)

		s = newSession()
		s.open.SessionKey = key
		provesNothing(t, s.open.Verify(s.offer), key)
	}
}

func provesNothing(t *testing.T, err error, key []byte) {
	t.Helper()
	require.Regexp(t, "of small order|no point of the curve", err, "%x", key)
}

// forge finds a nonce and a signature with S = 0 and R of small order that the standard library accepts for the offer's key.
func forge(o *voucher.Offer, points [][]byte) bool {
	for o.Nonce = 0; o.Nonce < 64; o.Nonce++ {
		for _, r := range points {
			o.Signature = append(slices.Clone(r), make([]byte, 32)...)
			if ed25519.Verify(o.ProviderKey, o.SignBytes(), o.Signature) {
				return true
			}
		}
	}
	return false
}
