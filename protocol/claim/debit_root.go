package claim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// ClaimDebits are the debits of a proven claim as a settlement packet nets it.
type ClaimDebits struct {
	// Provider is the bech32 account that is paid.
	Provider string
	// Epoch of the claim.
	Epoch uint64
	// Debits in the claim's order.
	Debits []Debit
}

// DebitNode is a sibling on the way from a debit to the debit root.
type DebitNode struct {
	Hash [32]byte
	Left bool
}

// maxDebitPath: a packet nets at most 2,000 claims of 10,000 debits each, far below 2^40.
const maxDebitPath = 40

// Root commits to (provider, epoch, payer, session key, amount) of every debit of one claim, in the given order: a binary Merkle root of the shape of RFC 6962 with
// own domains. It is all zero for no debits.
func (c ClaimDebits) Root() [32]byte {
	root, _ := merkle(c.leaves(), -1)
	return root
}

// Path leads one debit, found by its place, to the claim's root.
func (c ClaimDebits) Path(debit int) ([]DebitNode, error) {
	if debit < 0 || debit >= len(c.Debits) {
		return nil, fmt.Errorf("%w: no debit %d of %d", ErrPoint, debit, len(c.Debits))
	}
	_, path := merkle(c.leaves(), debit)
	return path, nil
}

func (c ClaimDebits) leaves() [][32]byte {
	out := make([][32]byte, len(c.Debits))
	for i, d := range c.Debits {
		out[i] = debitLeaf(c.Provider, c.Epoch, d)
	}
	return out
}

// DebitRoot commits a settlement packet to the roots of its claims, in the given order: the same tree over them, so that a settlement costs a hash per claim and not
// per debit. It is all zero for no claims.
func DebitRoot(claims [][32]byte) [32]byte {
	root, _ := merkle(claims, -1)
	return root
}

// DebitRootPath leads the root of one claim, found by its place, to the debit root: what follows the path of one of its debits.
func DebitRootPath(claims [][32]byte, claim int) ([]DebitNode, error) {
	if claim < 0 || claim >= len(claims) {
		return nil, fmt.Errorf("%w: no claim %d of %d", ErrPoint, claim, len(claims))
	}
	_, path := merkle(claims, claim)
	return path, nil
}

// VerifyDebit tells whether a path leads a debit of a provider's claim to the debit root.
func VerifyDebit(root [32]byte, provider string, epoch uint64, d Debit, path []DebitNode) error {
	if len(path) > maxDebitPath {
		return fmt.Errorf("%w: a path of %d nodes, at most %d", ErrProof, len(path), maxDebitPath)
	}
	h := debitLeaf(provider, epoch, d)
	for _, n := range path {
		if n.Left {
			h = debitNode(n.Hash, h)
		} else {
			h = debitNode(h, n.Hash)
		}
	}
	if h != root {
		return fmt.Errorf("%w: the debit does not lead to the root", ErrProof)
	}
	return nil
}

// merkle hashes level by level; an odd last node rises as it is. It collects the siblings of the node at index.
func merkle(level [][32]byte, index int) ([32]byte, []DebitNode) {
	if len(level) == 0 {
		return [32]byte{}, nil
	}
	var path []DebitNode
	for len(level) > 1 {
		if sibling := index ^ 1; index >= 0 && sibling < len(level) {
			path = append(path, DebitNode{Hash: level[sibling], Left: sibling < index})
		}
		next := make([][32]byte, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			next = append(next, debitNode(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		level = next
		if index >= 0 {
			index /= 2
		}
	}
	return level[0], path
}

func debitNode(left, right [32]byte) [32]byte {
	b := append([]byte(domainDebitNode), left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}

// debitLeaf gives variable fields their length in front, so that no two debits share an encoding.
func debitLeaf(provider string, epoch uint64, d Debit) [32]byte {
	b := []byte(domainDebitLeaf)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(provider))), provider...)
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(d.Payer))), d.Payer...)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(d.SessionKey))), d.SessionKey...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, d.Amount))
}
