// Package claim is the Merkle-sum tree behind a provider's claim: one root for any number of vouchers, samples drawn by value, short proofs. README.md is the
// specification.
package claim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Domains keep a hash made for one purpose from serving another. See README.md for the byte formats.
const (
	domainLeaf      = "TOP/claim/leaf/1"
	domainNode      = "TOP/claim/node/1"
	domainSample    = "TOP/claim/sample/1"
	domainChallenge = "TOP/claim/challenge/1"
	domainDebitLeaf = "TOP/debit/leaf/1"
	domainDebitNode = "TOP/debit/node/1"
)

// Sizes in bytes.
const (
	PayerLen   = 20
	KeyLen     = 32
	SessionLen = 32
	LeafKeyLen = PayerLen + KeyLen + SessionLen
)

// The classes of refusal; every error of this package wraps one of them.
var (
	// ErrMalformed: a length or an order is wrong.
	ErrMalformed = errors.New("malformed")
	// ErrOverflow: a sum exceeds 2^64 − 1.
	ErrOverflow = errors.New("overflow")
	// ErrProof: a path does not lead to the root.
	ErrProof = errors.New("bad proof")
	// ErrPoint: the sampled point is not in the leaf or not in the debits.
	ErrPoint = errors.New("wrong point")
)

// Key orders leaves: payer account (20 bytes), session key (32), session id (32).
type Key []byte

// LeafKey builds a key from its parts. Sessions have distinct ids, so no two vouchers that both count have the same key.
func LeafKey(payer, sessionKey, sessionID []byte) (Key, error) {
	if len(payer) != PayerLen || len(sessionKey) != KeyLen || len(sessionID) != SessionLen {
		return nil, fmt.Errorf("%w: leaf key of %d + %d + %d bytes, want %d + %d + %d",
			ErrMalformed, len(payer), len(sessionKey), len(sessionID), PayerLen, KeyLen, SessionLen)
	}
	k := make(Key, 0, LeafKeyLen)
	k = append(k, payer...)
	k = append(k, sessionKey...)
	return append(k, sessionID...), nil
}

// Payer is the key's account; nil when the key is not LeafKeyLen long. It shares the key's memory.
func (k Key) Payer() []byte { return k.part(0, PayerLen) }

// SessionKey is the key's ed25519 key; nil when the key is not LeafKeyLen long. It shares the key's memory.
func (k Key) SessionKey() []byte { return k.part(PayerLen, PayerLen+KeyLen) }

func (k Key) part(from, to int) []byte {
	if len(k) != LeafKeyLen {
		return nil
	}
	return k[from:to:to]
}

// Leaf is one voucher in a claim.
type Leaf struct {
	Key Key
	// Amount in utop, above 0.
	Amount uint64
	// Evidence is the hash of the voucher's evidence.
	Evidence [32]byte
}

func (l Leaf) check() error {
	if len(l.Key) != LeafKeyLen {
		return fmt.Errorf("%w: leaf key has %d bytes, want %d", ErrMalformed, len(l.Key), LeafKeyLen)
	}
	if l.Amount == 0 {
		return fmt.Errorf("%w: a leaf of 0 utop", ErrMalformed)
	}
	return nil
}

// node hashes a checked leaf. Domain and fields have fixed lengths, so that no two leaves share an encoding and none is also a node's.
func (l Leaf) node() Node {
	b := make([]byte, 0, len(domainLeaf)+LeafKeyLen+8+32)
	b = append(append(b, domainLeaf...), l.Key...)
	b = binary.BigEndian.AppendUint64(b, l.Amount)
	b = append(b, l.Evidence[:]...)
	return Node{Hash: sha256.Sum256(b), Sum: l.Amount, Count: 1, First: l.Key, Last: l.Key}
}
