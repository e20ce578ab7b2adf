package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const domainUnit = "TOP/lattice/unit/1"

// UnitKind says what a unit did.
type UnitKind uint8

// Kinds of units.
const (
	// Send took the amount from the account.
	Send UnitKind = iota + 1
	// Receive brought it.
	Receive
	// Return brought back what could not be credited elsewhere.
	Return
)

// Unit is one entry of an account's chain. The shard derives it of a transaction; nobody signs it.
type Unit struct {
	Account Address
	// Number counts the account's units from 1 on.
	Number uint64
	// Previous unit's hash; zero of the first.
	Previous Hash
	Kind     UnitKind
	// Sequence of the account after the unit: a send moved it.
	Sequence uint64
	Peer     Address
	// Amount moved, and Balance after it.
	Amount, Balance Balance
	// Transaction's hash.
	Transaction Hash
}

// Hash of the unit, which the account's record names as its head.
func (u *Unit) Hash() Hash {
	b := make([]byte, 0, 256)
	b = append(b, domainUnit...)
	b = append(b, u.Account[:]...)
	b = binary.BigEndian.AppendUint64(b, u.Number)
	b = append(b, u.Previous[:]...)
	b = append(b, byte(u.Kind))
	b = binary.BigEndian.AppendUint64(b, u.Sequence)
	b = append(b, u.Peer[:]...)
	b = u.Balance.append(u.Amount.append(b))
	return sha256.Sum256(append(b, u.Transaction[:]...))
}

// CheckChain tells whether units, in ascending order, are the last ones of the chain that ends in a record's head: a client that has a proven record needs no more to believe them.
func CheckChain(r Record, units []Unit) error {
	head, number := r.Head, r.Units
	for i := len(units) - 1; i >= 0; i-- {
		u := &units[i]
		if u.Account != r.Address || u.Number != number || u.Amount.Check() != nil || u.Balance.Check() != nil || u.Hash() != head {
			return fmt.Errorf("%w: unit %d of %x is not number %d with the hash %x", ErrProof, i, r.Address, number, head)
		}
		head, number = u.Previous, number-1
	}
	if number == 0 && head != (Hash{}) {
		return fmt.Errorf("%w: the first unit of %x follows %x", ErrProof, r.Address, head)
	}
	return nil
}
