// Package lattice holds the accounts of a shard: a record and a chain of units for each, and one tree over all records of the network, of which every shard is a node.
// Pure functions over plain values; README.md is the specification.
package lattice

import (
	"crypto/sha256"
	"errors"
)

var (
	// ErrMalformed: bytes or numbers that no shard writes.
	ErrMalformed = errors.New("malformed")
	// ErrFunds: more is taken than there is.
	ErrFunds = errors.New("insufficient funds")
	// ErrProof: a proof that does not lead to the root.
	ErrProof = errors.New("proof")
	// ErrNotOwned: the account is another shard's.
	ErrNotOwned = errors.New("account of another shard")
)

// HashSize in bytes.
const HashSize = sha256.Size

// Hash is SHA-256. The zero hash stands for what is empty: a slot, and every subtree without accounts.
type Hash [HashSize]byte

// The first byte of what is hashed in the tree says what it is, so that no leaf is ever read as a node.
const (
	tagLeaf = 0x00
	tagNode = 0x01
	tagBody = 0x02
)

// NodeOf two children of the network's tree: how the roots of a split's halves make their parent's, and those of a merge the one root.
func NodeOf(left, right Hash) Hash { return nodeOf(left, right) }

// nodeOf two children; of two empty ones it is empty, whatever its height.
func nodeOf(left, right Hash) Hash {
	if left == (Hash{}) && right == (Hash{}) {
		return Hash{}
	}
	var b [1 + 2*HashSize]byte
	b[0] = tagNode
	copy(b[1:], left[:])
	copy(b[1+HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// leafOf an account and what its record says: whoever shows that an account is not in a bucket need not show the others' records.
func leafOf(address Address, body Hash) Hash {
	var b [1 + AddressSize + HashSize]byte
	b[0] = tagLeaf
	copy(b[1:], address[:])
	copy(b[1+AddressSize:], body[:])
	return sha256.Sum256(b[:])
}
