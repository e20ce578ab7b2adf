package voucher

import (
	"crypto/ed25519"
	"fmt"
)

// verify checks an ed25519 signature (RFC 8032). Lengths come first, so that a hostile key or signature is never copied or hashed.
//
// The standard library refuses S ≥ L and compares R as bytes: a signature has one form, nobody can turn it into a second valid one. It does accept
// public keys of small order, under which one signature fits many messages; such a key could disown what it signed, so it is refused here.
func verify(what string, key, signature []byte, message func() []byte) error {
	if err := checkKey(what, key); err != nil {
		return err
	}
	if len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("%w: %s signature has %d bytes, want %d", ErrSignature, what, len(signature), ed25519.SignatureSize)
	}
	if !ed25519.Verify(key, message(), signature) {
		return fmt.Errorf("%w: %s", ErrSignature, what)
	}
	return nil
}

func checkKey(what string, key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: %s key has %d bytes, want %d", ErrMalformed, what, len(key), ed25519.PublicKeySize)
	}
	y := [32]byte(key)
	// The top bit is the sign of x; both signs of a small-order point are of small order.
	y[31] &= 0x7f
	for i := range smallOrder {
		if y == smallOrder[i] {
			return fmt.Errorf("%w: %s key is of small order and proves nothing", ErrSignature, what)
		}
	}
	return nil
}

// smallOrder lists every y, canonical or not, of the eight points whose order divides 8 ("Taming the many EdDSAs", Chalkias et al. 2020, table 1).
var smallOrder = [...][32]byte{
	// y = 0, order 4
	{},
	// y = 1, order 1
	{1},
	// order 8
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	// order 8
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
	// y = p − 1, order 2
	nearP(0xec),
	// y = p, the other writing of 0
	nearP(0xed),
	// y = p + 1, the other writing of 1
	nearP(0xee),
}

// nearP is p = 2^255 − 19 with another lowest byte, little endian.
func nearP(low byte) [32]byte {
	y := [32]byte{0: low, 31: 0x7f}
	for i := 1; i < 31; i++ {
		y[i] = 0xff
	}
	return y
}
