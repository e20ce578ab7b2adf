package ecvrf

import (
	"crypto/sha512"
	"errors"

	"filippo.io/edwards25519"
)

// Separators of the hashes (sections 5.2, 5.4.1.1, 5.4.3); each hash ends with back.
const (
	frontEncode    = 0x01
	frontChallenge = 0x02
	frontOutput    = 0x03
	back           = 0x00
)

// encodeToCurve is try-and-increment (section 5.4.1.1) with the public key as salt: the first counter whose hash is a point decides, and the cofactor takes the point
// into the subgroup of prime order. How long that takes tells the input, which is public here. 256 failures in a row have a probability of about 2^-256.
func encodeToCurve(public, alpha []byte) (*edwards25519.Point, error) {
	for ctr := range 256 {
		h := sha512.New()
		h.Write([]byte{suite, frontEncode})
		h.Write(public)
		h.Write(alpha)
		h.Write([]byte{byte(ctr), back})
		p, ok := decodePoint(h.Sum(nil)[:32])
		if !ok {
			continue
		}
		if p.MultByCofactor(p); !isIdentity(p) {
			return p, nil
		}
	}
	return nil, errors.New("no point for this input in 256 tries: use another input")
}

// challenge is section 5.4.3: the first 16 bytes of a hash over five encoded points.
func challenge(public, h, gamma, u, v []byte) []byte {
	d := sha512.New()
	d.Write([]byte{suite, frontChallenge})
	for _, p := range [...][]byte{public, h, gamma, u, v} {
		d.Write(p)
	}
	d.Write([]byte{back})
	return d.Sum(nil)[:16]
}

// output is proof_to_hash (section 5.2). It takes the cofactor out of Gamma: proofs with different Gamma of one input cannot have different outputs.
func output(gamma *edwards25519.Point) [OutputSize]byte {
	b := append([]byte{suite, frontOutput}, new(edwards25519.Point).MultByCofactor(gamma).Bytes()...)
	return sha512.Sum512(append(b, back))
}
