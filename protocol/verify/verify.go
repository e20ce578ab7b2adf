// Package verify checks what a shard says of an account against a block header, for clients that trust nothing else: nothing but hashes and ics23 is needed. README.md is the specification.
package verify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/lattice"
)

// Where a shard's state keeps the head of its accounts.
const (
	// Store of x/lattice in the multistore.
	Store = "lattice"
	// headKey in that store.
	headKey = 1
)

// ErrProof tells that a proof does not lead to the header.
var ErrProof = errors.New("proof")

// Head of a shard's accounts, as its state commits it.
type Head struct {
	// Height of the block after which the accounts have this root.
	Height uint64
	Root   lattice.Hash
}

// State of a shard that a header commits: the stored head, its proof in x/lattice's store, and that store's in the multistore. The header of a height commits the state after the height before.
type State struct {
	Path

	Head []byte
}

// DecodeState of an ABCI query for the head's key with a proof: the value, and the data of its two proof operations.
func DecodeState(value []byte, operations ...[]byte) (State, error) {
	path, err := DecodePath(operations...)
	return State{Head: value, Path: path}, err
}

// Verify the state against a header's app hash.
func (s State) Verify(appHash []byte) (Head, error) {
	if err := s.Holds(appHash, Store, []byte{headKey}, s.Head); err != nil {
		return Head{}, err
	}
	return decodeHead(s.Head)
}

// decodeHead of the message top.lattice.v1.Head: its first two fields.
func decodeHead(b []byte) (h Head, err error) {
	malformed := fmt.Errorf("%w: a head of %d bytes", ErrProof, len(b))
	const height, root = 1 << 3, 2<<3 | 2
	if len(b) == 0 || b[0] != height {
		return h, malformed
	}
	n := 0
	if h.Height, n = binary.Uvarint(b[1:]); n <= 0 {
		return h, malformed
	}
	b = b[1+n:]
	if !bytes.HasPrefix(b, []byte{root, lattice.HashSize}) || len(b) < 2+lattice.HashSize {
		return h, malformed
	}
	h.Root = lattice.Hash(b[2 : 2+lattice.HashSize])
	return h, nil
}

// Account that a shard with this prefix proves under a header's app hash: its record, as of the head's height.
func Account(appHash []byte, s State, shard lattice.Prefix, p lattice.Proof, a lattice.Address, record []byte) (lattice.Record, Head, error) {
	head, err := s.Verify(appHash)
	if err != nil {
		return lattice.Record{}, head, err
	}
	r, err := p.Verify(shard, head.Root, a, record)
	return r, head, err
}

// NoAccount at an address, proven in the same way.
func NoAccount(appHash []byte, s State, shard lattice.Prefix, p lattice.Absence, a lattice.Address) (Head, error) {
	head, err := s.Verify(appHash)
	if err != nil {
		return head, err
	}
	return head, p.Verify(shard, head.Root, a)
}

// Units are the last ones of a proven record, in ascending order.
func Units(r lattice.Record, units []lattice.Unit) error { return lattice.CheckChain(r, units) }
