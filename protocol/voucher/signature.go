package voucher

import (
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/cache"
)

// knownKeys is how many public keys stay decoded: they sign many vouchers each, and decoding one is half the work of a check.
const knownKeys = 4096

// keys checks with decoded keys at hand. It answers the same whatever it holds.
var keys = cache.NewVerifier(cache.NewLRUCache(knownKeys))

// rules by which a signature holds, alone and in a Batch alike (docs/adr/009): the equation of RFC 8032 with cofactor, S < L, canonical A and R, A not of small
// order. A signature has one form that nobody without the key can turn into another, and binds its key: under one of small order it would fit many messages.
var rules = &ed25519.Options{Verify: ed25519.VerifyOptionsDefault}

// checker decides on a signature: at once, or together with others.
type checker interface {
	check(what string, key, signature []byte, message func() []byte) error
}

// alone checks a signature at once.
type alone struct{}

func (alone) check(what string, key, signature []byte, message func() []byte) error {
	if err := checkLengths(what, key, signature); err != nil {
		return err
	}
	if !keys.VerifyWithOptions(key, message(), signature, rules) {
		return wrong(what)
	}
	return nil
}

func wrong(what string) error { return fmt.Errorf("%w: %s", ErrSignature, what) }

// checkLengths comes first, so that a hostile key or signature is never copied or hashed.
func checkLengths(what string, key, signature []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: %s key has %d bytes, want %d", ErrMalformed, what, len(key), ed25519.PublicKeySize)
	}
	if len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("%w: %s signature has %d bytes, want %d", ErrSignature, what, len(signature), ed25519.SignatureSize)
	}
	return nil
}

// checkKey refuses what no signature can be checked against.
func checkKey(what string, key []byte) error {
	_, err := decodeKey(what, key)
	return err
}

func decodeKey(what string, key []byte) (*curve.EdwardsPoint, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: %s key has %d bytes, want %d", ErrMalformed, what, len(key), ed25519.PublicKeySize)
	}
	y := curve.CompressedEdwardsY(key)
	var point curve.EdwardsPoint
	if _, err := point.SetCompressedY(&y); err != nil || !y.IsCanonicalVartime() {
		return nil, fmt.Errorf("%w: %s key is no point of the curve", ErrMalformed, what)
	}
	if point.IsSmallOrder() {
		return nil, fmt.Errorf("%w: %s key is of small order and proves nothing", ErrSignature, what)
	}
	return &point, nil
}
