package voucher

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
)

// Batch verifies many vouchers in one go: what each of them says when it is added, and the signatures of all together in Verify, at a fraction of their cost one
// by one. It accepts exactly what the checks one by one accept (docs/adr/009). The zero value is ready; use it once.
type Batch struct {
	items      []error
	signatures []signature
	signers    []*signer
	byKey      map[string]*signer
	// transcript commits to every key, message and signature.
	transcript hash.Hash
}

// signature waits for Verify.
type signature struct {
	item         int
	what         string
	by           *signer
	key, message []byte
	raw          []byte
	r            curve.EdwardsPoint
	s, k         scalar.Scalar
}

// signer is a key in the equation: however many signatures it made, its point is multiplied once.
type signer struct {
	point  curve.EdwardsPoint
	weight scalar.Scalar
}

// AddEvidence adds what VerifyEvidence checks.
func (b *Batch) AddEvidence(e *Evidence, chainID string, epoch uint64) {
	b.items = append(b.items, verifyEvidence(b, e, chainID, epoch))
}

// AddVoucher adds what VerifyClient and VerifyProvider check.
func (b *Batch) AddVoucher(v *Voucher, offer *Offer, open *Open) {
	err := v.verifyClient(b, offer, open)
	if err == nil {
		err = v.verifyProvider(b, offer)
	}
	b.items = append(b.items, err)
}

// VerifyAll is VerifyEvidence over a list, faster: one error per piece of evidence, nil for those that hold.
func VerifyAll(list []*Evidence, chainID string, epoch uint64) []error {
	var b Batch
	for _, e := range list {
		b.AddEvidence(e, chainID, epoch)
	}
	return b.Verify()
}

// Verify answers one error per item in the order in which they were added, nil for those that hold.
func (b *Batch) Verify() []error {
	if len(b.signatures) == 0 || b.hold() {
		return b.items
	}
	for i := range b.signatures {
		s := &b.signatures[i]
		if b.items[s.item] == nil && !keys.VerifyWithOptions(s.key, s.message, s.raw, rules) {
			b.items[s.item] = wrong(s.what)
		}
	}
	return b.items
}

// check decodes a signature and puts it off until Verify. The item that it belongs to is added when all its signatures are.
func (b *Batch) check(what string, key, raw []byte, message func() []byte) error {
	if err := checkLengths(what, key, raw); err != nil {
		return err
	}
	if b.byKey == nil {
		b.byKey, b.transcript = map[string]*signer{}, sha256.New()
	}
	by := b.byKey[string(key)]
	if by == nil {
		point, err := decodeKey(what, key)
		if err != nil {
			return wrong(what)
		}
		by = &signer{point: *point}
		b.byKey[string(key)] = by
		b.signers = append(b.signers, by)
	}
	b.signatures = append(b.signatures, signature{item: len(b.items), what: what, by: by, key: key, message: message(), raw: raw})
	s := &b.signatures[len(b.signatures)-1]
	if !s.decode(b.transcript) {
		b.signatures = b.signatures[:len(b.signatures)-1]
		return wrong(what)
	}
	return nil
}

// decode reads R and S and hashes R, key and message (RFC 8032, 5.1.7, steps 1 and 2).
func (s *signature) decode(transcript hash.Hash) bool {
	if !scalar.ScMinimalVartime(s.raw[32:]) {
		return false
	}
	if _, err := s.s.SetBytesModOrder(s.raw[32:]); err != nil {
		return false
	}
	y := curve.CompressedEdwardsY(s.raw[:32])
	if _, err := s.r.SetCompressedY(&y); err != nil || !y.IsCanonicalVartime() {
		return false
	}
	h := sha512.New()
	h.Write(s.raw[:32])
	h.Write(s.key)
	h.Write(s.message)
	var digest [sha512.Size]byte
	h.Sum(digest[:0])
	transcript.Write(digest[:])
	transcript.Write(s.raw[32:])
	_, err := s.k.SetBytesModOrderWide(digest[:])
	return err == nil
}

// hold evaluates 8 Σ z (s B − R − k A) = 0 over all signatures, as "Ed25519: High-speed high-security signatures" (Bernstein et al. 2011, section 5) has it. Terms of
// one key are summed first. The weights z come from the transcript: whoever makes a signature cannot know its weight before, and every node computes the same.
func (b *Batch) hold() bool {
	n := len(b.signatures)
	weights := make([]byte, 16*n)
	block, err := aes.NewCipher(b.transcript.Sum(nil))
	if err != nil {
		return false
	}
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(weights, weights)

	var base, term scalar.Scalar
	z := make([]scalar.Scalar, n)
	points := make([]*curve.EdwardsPoint, 0, n+len(b.signers)+1)
	scalars := make([]*scalar.Scalar, 0, cap(points))
	for i := range b.signatures {
		s := &b.signatures[i]
		var wide [scalar.ScalarSize]byte
		copy(wide[:], weights[16*i:16*(i+1)])
		if _, err := z[i].SetBits(wide[:]); err != nil {
			return false
		}
		base.Add(&base, term.Mul(&z[i], &s.s))
		s.by.weight.Add(&s.by.weight, term.Mul(&z[i], &s.k))
		points, scalars = append(points, &s.r), append(scalars, &z[i])
	}
	for _, by := range b.signers {
		points, scalars = append(points, &by.point), append(scalars, &by.weight)
	}
	points, scalars = append(points, curve.ED25519_BASEPOINT_POINT), append(scalars, base.Neg(&base))
	var sum curve.EdwardsPoint
	return sum.MultiscalarMulVartime(scalars, points).IsSmallOrder()
}
