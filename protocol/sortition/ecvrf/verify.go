package ecvrf

import (
	"fmt"

	"filippo.io/edwards25519"
)

// Verify checks a proof for alpha and returns its output beta (section 5.3, with validation of the key). beta is the only output that any proof under this key can
// have for alpha. A proof is not unique (s depends on the nonce the prover took): never derive anything from its bytes.
func Verify(public, alpha, pi []byte) ([OutputSize]byte, error) {
	y, err := decodeKey(public)
	if err != nil {
		return [OutputSize]byte{}, err
	}
	p, err := decodeProof(pi)
	if err != nil {
		return [OutputSize]byte{}, err
	}
	h, err := encodeToCurve(public, alpha)
	if err != nil {
		return [OutputSize]byte{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	// The points are negated, not c: −c is taken modulo the order of the subgroup, which a point with a part of small order would notice.
	minusY := new(edwards25519.Point).Negate(y)
	minusGamma := new(edwards25519.Point).Negate(p.gamma)
	u := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(p.c, minusY, p.s)
	v := new(edwards25519.Point).VarTimeMultiScalarMult([]*edwards25519.Scalar{p.s, p.c}, []*edwards25519.Point{h, minusGamma})

	if string(challenge(public, h.Bytes(), pi[:32], u.Bytes(), v.Bytes())) != string(pi[32:48]) {
		return [OutputSize]byte{}, fmt.Errorf("%w: it is not of this key and input", ErrProof)
	}
	return output(p.gamma), nil
}
