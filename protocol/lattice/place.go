package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	// AddressSize of an account in bytes, that of secp256k1 and Ed25519 keys' addresses (Cosmos SDK ADR 028).
	AddressSize = 20
	// BucketBits: the network has 2^20 buckets, however many shards.
	BucketBits = 20
	// MaxPrefix bits of a shard: it holds 1,024 buckets or more.
	MaxPrefix = 10

	domainAccount = "TOP/lattice/account/1"
)

// Address of an account.
type Address [AddressSize]byte

// BucketOf an account among the network's: the first 20 bits of its hashed address.
func BucketOf(a Address) uint32 {
	var b [len(domainAccount) + AddressSize]byte
	copy(b[:], domainAccount)
	copy(b[len(domainAccount):], a[:])
	h := sha256.Sum256(b[:])
	return binary.BigEndian.Uint32(h[:4]) >> (32 - BucketBits)
}

// Prefix of the buckets that a shard holds: their first Len bits are Bits. The zero prefix holds all.
type Prefix struct {
	Bits uint32
	Len  uint8
}

// Check tells whether there can be such a shard.
func (p Prefix) Check() error {
	if p.Len > MaxPrefix || p.Bits>>p.Len != 0 {
		return fmt.Errorf("%w: prefix %b of %d bits, want at most %d bits", ErrMalformed, p.Bits, p.Len, MaxPrefix)
	}
	return nil
}

// Holds tells whether a bucket of the network is the shard's.
func (p Prefix) Holds(bucket uint32) bool { return bucket>>(BucketBits-uint32(p.Len)) == p.Bits }

// Buckets that the shard holds.
func (p Prefix) Buckets() int { return 1 << p.depth() }

// depth of a bucket below the shard's root.
func (p Prefix) depth() int { return BucketBits - int(p.Len) }

// own is a bucket's number within the shard.
func (p Prefix) own(bucket uint32) int { return int(bucket & (1<<p.depth() - 1)) }

// Children of a shard that splits.
func (p Prefix) Children() (left, right Prefix) {
	return Prefix{p.Bits << 1, p.Len + 1}, Prefix{p.Bits<<1 | 1, p.Len + 1}
}

// Sibling is the other half of what is one bit shorter; only of a prefix with bits.
func (p Prefix) Sibling() Prefix { return Prefix{Bits: p.Bits ^ 1, Len: p.Len} }

func (p Prefix) String() string { return fmt.Sprintf("%0*b/%d", p.Len, p.Bits, p.Len) }
