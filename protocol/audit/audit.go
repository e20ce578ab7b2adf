// Package audit is what an auditor signs of a shard's block. Pure functions; README.md is the specification.
package audit

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// HashSize of a header in bytes.
	HashSize = 32

	// domain keeps an audit from being taken for anything else that the key signs. It stands first with its length, 8 bytes big endian: the votes and proposals of CometBFT
	// begin with a byte that is not 0.
	domain = "TOP/audit/1"

	maxName = 128
)

var (
	// ErrMalformed tells of an audit that cannot be signed.
	ErrMalformed = errors.New("audit")
	// ErrSignature tells of one that the key did not sign.
	ErrSignature = errors.New("audit signature")
)

// Audit is an auditor's word on a header of a shard, and with it on every block up to that header.
type Audit struct {
	// Network is the chain id of the main chain, Shard that of the shard.
	Network, Shard string
	Height         uint64
	HeaderHash     []byte
	// Confirm: every block up to the header is right. Otherwise one of them is not.
	Confirm bool
}

// Check tells whether there can be such an audit.
func (a Audit) Check() error {
	for _, name := range []string{a.Network, a.Shard} {
		if name == "" || len(name) > maxName {
			return fmt.Errorf("%w: a chain id of %d bytes, want 1 to %d", ErrMalformed, len(name), maxName)
		}
	}
	if a.Height == 0 {
		return fmt.Errorf("%w: height 0 of %s: a chain's first block has height 1", ErrMalformed, a.Shard)
	}
	if len(a.HeaderHash) != HashSize {
		return fmt.Errorf("%w: the hash of a header has %d bytes, want %d", ErrMalformed, len(a.HeaderHash), HashSize)
	}
	return nil
}

// SignBytes are what the auditor's consensus key signs: str domain, str network, str shard, u64 height, bytes of the hash, one byte 1 or 0. A str is its length as 8 bytes big endian, then its bytes.
func (a Audit) SignBytes() []byte {
	b := make([]byte, 0, 128)
	for _, text := range []string{domain, a.Network, a.Shard} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = binary.BigEndian.AppendUint64(b, a.Height)
	b = append(b, a.HeaderHash...)
	if a.Confirm {
		return append(b, 1)
	}
	return append(b, 0)
}

// Verify that an Ed25519 key signed the audit.
func (a Audit) Verify(key, signature []byte) error {
	if err := a.Check(); err != nil {
		return err
	}
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: a key of %d bytes, want %d", ErrMalformed, len(key), ed25519.PublicKeySize)
	}
	if !ed25519.Verify(key, a.SignBytes(), signature) {
		return fmt.Errorf("%w: of height %d of %s: sign the bytes of protocol/audit by the consensus key", ErrSignature, a.Height, a.Shard)
	}
	return nil
}
