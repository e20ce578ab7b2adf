package ecvrf

import (
	"crypto/sha512"
	"fmt"

	"filippo.io/edwards25519"
)

// expand derives the secret scalar, the prefix of nonces and the public key from a secret key, as Ed25519 does (RFC 8032, section 5.1.5).
//
// A key for this must sign nothing with Ed25519: both schemes take their nonces from the same prefix, and equal nonces under different challenges disclose the key.
func expand(secret []byte) (x *edwards25519.Scalar, prefix, public []byte, err error) {
	if len(secret) != SecretKeySize {
		return nil, nil, nil, fmt.Errorf("%w: a secret key of %d bytes, want %d", ErrKey, len(secret), SecretKeySize)
	}
	h := sha512.Sum512(secret)
	if x, err = new(edwards25519.Scalar).SetBytesWithClamping(h[:32]); err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return x, h[32:], new(edwards25519.Point).ScalarBaseMult(x).Bytes(), nil
}

// PublicKey of a secret key of 32 random bytes.
func PublicKey(secret []byte) ([]byte, error) {
	_, _, public, err := expand(secret)
	return public, err
}

// Prove returns the proof pi (80 bytes) that Verify turns into the output for alpha (section 5.1). It uses the secret in constant time and is deterministic, so that a
// node which starts anew proves the same again.
func Prove(secret, alpha []byte) ([]byte, error) {
	x, prefix, public, err := expand(secret)
	if err != nil {
		return nil, err
	}
	point, err := encodeToCurve(public, alpha)
	if err != nil {
		return nil, err
	}
	h := point.Bytes()
	gamma := new(edwards25519.Point).ScalarMult(x, point).Bytes()

	nonce := sha512.Sum512(append(append([]byte{}, prefix...), h...))
	k, err := new(edwards25519.Scalar).SetUniformBytes(nonce[:])
	if err != nil {
		return nil, err
	}
	u := new(edwards25519.Point).ScalarBaseMult(k).Bytes()
	v := new(edwards25519.Point).ScalarMult(k, point).Bytes()

	c := challenge(public, h, gamma, u, v)
	s := new(edwards25519.Scalar).MultiplyAdd(challengeScalar(c), x, k)
	return append(append(gamma, c...), s.Bytes()...), nil
}
