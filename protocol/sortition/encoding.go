// Package sortition draws committees by lot, in proportion to stake, so that anyone can draw them again: possession of keys, the chain of seeds, a stream of uniform
// numbers, a sum tree, elections. Pure functions; README.md is the specification.
package sortition

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Domains keep a hash made for one purpose from serving another. See README.md for the byte formats.
const (
	domainPossession = "TOP/sortition/possession/1"
	domainAlpha      = "TOP/sortition/alpha/1"
	domainDigest     = "TOP/sortition/digest/1"
	domainSeal       = "TOP/sortition/seal/1"
	domainChain      = "TOP/sortition/chain/1"
	domainDraw       = "TOP/sortition/draw/1"
	domainStream     = "TOP/sortition/stream/1"
)

// The classes of refusal; every error of this package wraps one of them, or one of ecvrf's.
var (
	// ErrMalformed: a name, a candidate or a number that the rules exclude.
	ErrMalformed = errors.New("malformed")
	// ErrDuplicate: a candidate, a member or an output stands twice.
	ErrDuplicate = errors.New("duplicate")
	// ErrOverflow: weights that do not fit into 64 bits together.
	ErrOverflow = errors.New("overflow")
	// ErrTooFew: a new committee cannot be filled.
	ErrTooFew = errors.New("too few candidates")
)

// Seed is 32 bytes that nobody could foretell.
type Seed [32]byte

// encoder writes the canonical encoding: integers as 8 bytes big endian, byte strings and texts with their length in front, hashes as they are.
type encoder struct{ b []byte }

func newEncoder(domain string) *encoder { return (&encoder{b: make([]byte, 0, 256)}).str(domain) }

func (e *encoder) u64(v uint64) *encoder {
	e.b = binary.BigEndian.AppendUint64(e.b, v)
	return e
}

func (e *encoder) bytes(v []byte) *encoder {
	e.u64(uint64(len(v)))
	e.b = append(e.b, v...)
	return e
}

func (e *encoder) str(v string) *encoder { return e.bytes([]byte(v)) }

func (e *encoder) seed(v Seed) *encoder {
	e.b = append(e.b, v[:]...)
	return e
}

func (e *encoder) hash() Seed { return sha256.Sum256(e.b) }
