package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
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
	// Previous unit's hash, and the height of its block; zero of the first.
	Previous Hash
	Before   uint64
	Kind     UnitKind
	// Sequence of the account after the unit: a send moved it.
	Sequence uint64
	Peer     Address
	// Amount moved, and Balance after it.
	Amount, Balance Balance
	// Transaction's hash.
	Transaction Hash
}

// Append the unit's encoding; each unit has one.
func (u *Unit) Append(b []byte) []byte {
	b = append(b, u.Account[:]...)
	b = binary.BigEndian.AppendUint64(b, u.Number)
	b = append(b, u.Previous[:]...)
	b = binary.BigEndian.AppendUint64(b, u.Before)
	b = append(b, byte(u.Kind))
	b = binary.BigEndian.AppendUint64(b, u.Sequence)
	b = append(b, u.Peer[:]...)
	b = u.Balance.append(u.Amount.append(b))
	return append(b, u.Transaction[:]...)
}

// DecodeUnit reads what Append wrote off the front of some bytes, and answers the rest.
func DecodeUnit(b []byte) (u Unit, rest []byte, err error) {
	d := NewDecoder(b)
	copy(u.Account[:], d.Next(AddressSize))
	u.Number = d.U64()
	copy(u.Previous[:], d.Next(HashSize))
	u.Before, u.Kind, u.Sequence = d.U64(), UnitKind(d.U8()), d.U64()
	copy(u.Peer[:], d.Next(AddressSize))
	u.Amount, u.Balance = d.Balance(), d.Balance()
	copy(u.Transaction[:], d.Next(HashSize))
	if d.failed {
		return Unit{}, nil, fmt.Errorf("%w: a unit in %d bytes", ErrMalformed, len(b))
	}
	return u, d.b, errors.Join(u.Amount.Check(), u.Balance.Check())
}

// Hash of the unit, which the account's record names as its head.
func (u *Unit) Hash() Hash {
	return sha256.Sum256(u.Append(append(make([]byte, 0, 256), domainUnit...)))
}

// CheckChain tells whether units, in ascending order, are the last ones of the chain that ends in a record's head: a client that has a proven record needs no more to believe them.
func CheckChain(r Record, units []Unit) error {
	head, number, height := r.Head, r.Units, r.Height
	for i := len(units) - 1; i >= 0; i-- {
		u := &units[i]
		if u.Account != r.Address || u.Number != number || u.Amount.Check() != nil || u.Balance.Check() != nil || u.Hash() != head {
			return fmt.Errorf("%w: unit %d of %x is not number %d with the hash %x", ErrProof, i, r.Address, number, head)
		}
		head, number, height = u.Previous, number-1, u.Before
	}
	if number == 0 && (head != (Hash{}) || height != 0) {
		return fmt.Errorf("%w: the first unit of %x follows %x of height %d", ErrProof, r.Address, head, height)
	}
	return nil
}
