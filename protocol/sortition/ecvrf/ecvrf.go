// Package ecvrf is the verifiable random function ECVRF-EDWARDS25519-SHA512-ELL2 of RFC 9381: the holder of a secret key computes for an input one output that nobody can
// foretell and everybody can check. Nodes prove, chains verify. The arithmetic is the library's; here are lengths, the check of keys and errors that say what is wrong.
package ecvrf

import (
	"errors"
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/ecvrf"
)

const (
	// SecretKeySize is the size of a secret key, in bytes: that of RFC 8032's private key.
	SecretKeySize = ed25519.SeedSize
	// PublicKeySize is the size of a public key, in bytes: a compressed point.
	PublicKeySize = ed25519.PublicKeySize
	// ProofSize is the size of a proof, in bytes: Gamma 32, c 16, s 32.
	ProofSize = ecvrf.ProofSize
	// OutputSize is the size of beta, in bytes: a SHA-512 hash.
	OutputSize = ecvrf.OutputSize
)

// The classes of refusal; every error of this package wraps one of them.
var (
	// ErrKey: a key of a wrong size, no canonical point, or of small order.
	ErrKey = errors.New("bad VRF key")
	// ErrProof: a proof that is malformed or does not verify.
	ErrProof = errors.New("bad VRF proof")
)

// CheckKey tells whether a public key can be used: canonical, on the curve, not of small order (under such a key one output fits every input; section 5.4.5). A chain
// checks it at registration, Verify checks it again.
func CheckKey(public []byte) error {
	if len(public) != PublicKeySize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(public), PublicKeySize)
	}
	var encoded curve.CompressedEdwardsY
	var point curve.EdwardsPoint
	copy(encoded[:], public)
	if _, err := point.SetCompressedY(&encoded); err != nil || !encoded.IsCanonicalVartime() {
		return fmt.Errorf("%w: not the canonical encoding of a point; send the 32 bytes that `PublicKey` gives", ErrKey)
	}
	if point.IsSmallOrder() {
		return fmt.Errorf("%w: of small order, it proves nothing", ErrKey)
	}
	return nil
}

// PublicKey of a secret key of 32 random bytes.
//
// A secret key for this must sign nothing with Ed25519: both schemes take their nonces from the same prefix, and equal nonces under different challenges disclose the key.
func PublicKey(secret []byte) ([]byte, error) {
	key, err := privateKey(secret)
	if err != nil {
		return nil, err
	}
	return key[SecretKeySize:], nil
}

// Prove returns the proof pi (80 bytes) that Verify turns into the output for alpha. It is deterministic, so that a node which starts anew proves the same again.
func Prove(secret, alpha []byte) ([]byte, error) {
	key, err := privateKey(secret)
	if err != nil {
		return nil, err
	}
	return ecvrf.Prove(key, alpha), nil
}

func privateKey(secret []byte) (ed25519.PrivateKey, error) {
	if len(secret) != SecretKeySize {
		return nil, fmt.Errorf("%w: a secret key of %d bytes, want %d", ErrKey, len(secret), SecretKeySize)
	}
	return ed25519.NewKeyFromSeed(secret), nil
}

// Verify checks a proof for alpha and returns its output beta. beta is the only output that any proof under this key can have for alpha. A proof is not unique (s depends
// on the nonce the prover took): never derive anything from its bytes.
func Verify(public, alpha, pi []byte) ([OutputSize]byte, error) {
	if err := CheckKey(public); err != nil {
		return [OutputSize]byte{}, err
	}
	if len(pi) != ProofSize {
		return [OutputSize]byte{}, fmt.Errorf("%w: %d bytes, want %d", ErrProof, len(pi), ProofSize)
	}
	ok, beta := ecvrf.Verify(public, pi, alpha)
	if !ok {
		return [OutputSize]byte{}, fmt.Errorf("%w: it is malformed, or not of this key and input", ErrProof)
	}
	return [OutputSize]byte(beta), nil
}
