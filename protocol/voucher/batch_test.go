package voucher_test

import (
	"crypto/ed25519"
	"crypto/sha512"
	"slices"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
)

// spoil breaks one thing in the evidence.
var spoil = map[string]func(s *session){
	"nothing":               func(*session) {},
	"offer's signature":     func(s *session) { s.offer.Signature = flipped(s.offer.Signature, 3) },
	"open's signature":      func(s *session) { s.open.Signature = flipped(s.open.Signature, 40) },
	"client's signature":    func(s *session) { s.voucher.ClientSignature = flipped(s.voucher.ClientSignature, 63) },
	"provider's signature":  func(s *session) { s.voucher.ProviderSignature = flipped(s.voucher.ProviderSignature, 0) },
	"signature is cut":      func(s *session) { s.voucher.ProviderSignature = s.voucher.ProviderSignature[:63] },
	"amount":                func(s *session) { s.voucher.AmountUtop++ },
	"key is no point":       func(s *session) { s.open.SessionKey = slices.Repeat([]byte{2}, 32) },
	"key is of small order": func(s *session) { s.offer.ProviderKey = append([]byte{1}, make([]byte, 31)...) },
	"no voucher":            func(s *session) { s.voucher = nil },
}

func flipped(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 1
	return b
}

// Together or one by one: the same vouchers hold.
func TestBatchAnswersAsOneByOne(t *testing.T) {
	names := make([]string, 0, len(spoil))
	for name := range spoil {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		var list []*voucher.Evidence
		for range rapid.IntRange(0, 8).Draw(t, "items") {
			s := newSession()
			spoil[rapid.SampledFrom(names).Draw(t, "spoiled")](s)
			list = append(list, &voucher.Evidence{Offer: s.offer, Open: s.open, Voucher: s.voucher})
		}
		if rapid.Bool().Draw(t, "no evidence at all") {
			list = append(list, nil)
		}
		together := voucher.VerifyAll(list, chainID, inEpoch)
		require.Len(t, together, len(list))
		for i, e := range list {
			alone := voucher.VerifyEvidence(e, chainID, inEpoch)
			if alone == nil {
				require.NoError(t, together[i])
			} else {
				require.EqualError(t, together[i], alone.Error())
			}
		}
	})
}

func TestBatchOfVouchersInOpenSessions(t *testing.T) {
	var b voucher.Batch
	good, bad, other := newSession(), newSession(), newSession()
	bad.voucher.ProviderSignature = flipped(bad.voucher.ProviderSignature, 1)
	other.voucher.Number++
	b.AddVoucher(good.voucher, good.offer, good.open)
	b.AddVoucher(bad.voucher, bad.offer, bad.open)
	b.AddVoucher(other.voucher, other.offer, other.open)
	b.AddVoucher(nil, good.offer, good.open)
	wrong := b.Verify()
	require.NoError(t, wrong[0])
	require.EqualError(t, wrong[1], "bad signature: provider's voucher")
	require.EqualError(t, wrong[2], "bad signature: client's voucher")
	require.ErrorIs(t, wrong[3], voucher.ErrMalformed)
}

// The owner of a key can add points of small order to its key and to a signature's nonce. Rules with and without cofactor disagree about such signatures; what the
// provider took one by one must then hold in the batch of a claim's proof, in whatever company.
func TestSignaturesWithTorsionHoldAloneAndTogether(t *testing.T) {
	honest := newSession()
	for i, inKey := range curve.EIGHT_TORSION {
		for j, inNonce := range curve.EIGHT_TORSION {
			s := newSession()
			s.offer.ProviderKey, s.offer.Signature = signWithTorsion(t, s.offer, inKey, inNonce)
			alone := s.offer.Verify()
			s.open.OfferHash = hashOf(s.offer)
			s.open.Sign(s.client)
			var b voucher.Batch
			b.AddEvidence(&voucher.Evidence{Offer: honest.offer, Open: honest.open, Voucher: honest.voucher}, chainID, inEpoch)
			id := s.open.SessionID()
			s.voucher.SessionId = id[:]
			s.voucher.SignClient(s.client)
			b.AddEvidence(&voucher.Evidence{Offer: s.offer, Open: s.open, Voucher: s.voucher}, chainID, inEpoch)
			wrong := b.Verify()
			require.NoError(t, wrong[0])
			require.NoError(t, alone, "torsion %d in the key, %d in the nonce", i, j)
			// The voucher is not countersigned under that key: its own signature alone is wrong.
			require.EqualError(t, wrong[1], "bad signature: provider's voucher")
		}
	}
}

func hashOf(o *voucher.Offer) []byte {
	h := o.Hash()
	return h[:]
}

// signWithTorsion signs as RFC 8032 does, with points of small order added to key and nonce.
func signWithTorsion(t *testing.T, o *voucher.Offer, inKey, inNonce *curve.EdwardsPoint) (key, signature []byte) {
	t.Helper()
	wide := func(text string) *scalar.Scalar {
		h := sha512.Sum512([]byte(text))
		s, err := scalar.NewFromBytesModOrderWide(h[:])
		require.NoError(t, err)
		return s
	}
	plus := func(s *scalar.Scalar, torsion *curve.EdwardsPoint) []byte {
		var p curve.EdwardsPoint
		p.MulBasepoint(curve.ED25519_BASEPOINT_TABLE, s)
		p.Add(&p, torsion)
		var c curve.CompressedEdwardsY
		b, err := c.SetEdwardsPoint(&p).MarshalBinary()
		require.NoError(t, err)
		return b
	}
	a, r := wide("key"), wide("nonce")
	key = plus(a, inKey)
	o.ProviderKey = key
	nonce := plus(r, inNonce)
	h := sha512.New()
	for _, part := range [][]byte{nonce, key, o.SignBytes()} {
		h.Write(part)
	}
	k, err := scalar.NewFromBytesModOrderWide(h.Sum(nil))
	require.NoError(t, err)
	var s scalar.Scalar
	s.Add(s.Mul(k, a), r)
	number, err := s.MarshalBinary()
	require.NoError(t, err)
	signature = append(nonce, number...)
	require.Len(t, signature, ed25519.SignatureSize)
	return key, signature
}
