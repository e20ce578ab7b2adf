// Package ecvrf is the verifiable random function ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381: the holder of a secret key computes for an input one output that nobody
// can foretell and everybody can check. Nodes prove, chains verify.
package ecvrf

import (
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

const (
	// SecretKeySize is the size of a secret key, in bytes: that of RFC 8032's private key.
	SecretKeySize = 32
	// PublicKeySize is the size of a public key, in bytes: a compressed point.
	PublicKeySize = 32
	// ProofSize is the size of a proof, in bytes: Gamma 32, c 16, s 32.
	ProofSize = 80
	// OutputSize is the size of beta, in bytes: a SHA-512 hash.
	OutputSize = 64
)

// suite is suite_string of section 5.5 for TAI. It stands in front of every hash, so that proofs of other suites (0x04 is ELL2) do not verify.
const suite = 0x03

// The classes of refusal; every error of this package wraps one of them.
var (
	// ErrKey: a key of a wrong size, no canonical point, or of small order.
	ErrKey = errors.New("bad VRF key")
	// ErrProof: a proof that is malformed or does not verify.
	ErrProof = errors.New("bad VRF proof")
)

// decodePoint is string_to_point: the decoding of RFC 8032, section 5.1.3. edwards25519 takes y ≥ p and "minus zero" for x as well, each a second writing of the
// same point; only what encodes back to itself is accepted.
func decodePoint(b []byte) (*edwards25519.Point, bool) {
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil || string(p.Bytes()) != string(b) {
		return nil, false
	}
	return p, true
}

func isIdentity(p *edwards25519.Point) bool { return p.Equal(edwards25519.NewIdentityPoint()) == 1 }

// decodeKey reads a public key and validates it (section 5.4.5). Under a key of small order one output fits every input.
func decodeKey(public []byte) (*edwards25519.Point, error) {
	if len(public) != PublicKeySize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(public), PublicKeySize)
	}
	y, ok := decodePoint(public)
	if !ok {
		return nil, fmt.Errorf("%w: not the canonical encoding of a point; send the 32 bytes that `PublicKey` gives", ErrKey)
	}
	if isIdentity(new(edwards25519.Point).MultByCofactor(y)) {
		return nil, fmt.Errorf("%w: of small order, it proves nothing", ErrKey)
	}
	return y, nil
}

// CheckKey tells whether a public key can be used: canonical, on the curve, not of small order. A chain checks it at registration, Verify checks it again.
func CheckKey(public []byte) error {
	_, err := decodeKey(public)
	return err
}

// proof is a decoded pi_string.
type proof struct {
	gamma *edwards25519.Point
	// c is the challenge: 16 bytes, little endian, as a scalar.
	c *edwards25519.Scalar
	s *edwards25519.Scalar
}

// decodeProof is section 5.4.4: Gamma must be a canonical point and s below the group's order.
func decodeProof(pi []byte) (proof, error) {
	if len(pi) != ProofSize {
		return proof{}, fmt.Errorf("%w: %d bytes, want %d", ErrProof, len(pi), ProofSize)
	}
	gamma, ok := decodePoint(pi[:32])
	if !ok {
		return proof{}, fmt.Errorf("%w: Gamma is not the canonical encoding of a point", ErrProof)
	}
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(pi[48:])
	if err != nil {
		return proof{}, fmt.Errorf("%w: s is not below the group's order", ErrProof)
	}
	return proof{gamma: gamma, c: challengeScalar(pi[32:48]), s: s}, nil
}

// challengeScalar reads the 16 bytes of a challenge, little endian; they are below the order always.
func challengeScalar(c []byte) *edwards25519.Scalar {
	var wide [32]byte
	copy(wide[:16], c)
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(wide[:])
	if err != nil {
		panic("ecvrf: 2^128 is below the order of the group: " + err.Error())
	}
	return s
}
