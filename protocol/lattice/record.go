package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/topnetwork/top/protocol/quota"
)

const (
	// MaxBody is the length of the longest record's encoding.
	MaxBody = 1 + maxKeySize + 8 + 8 + 8 + HashSize + maxBalance + 8 + 8

	maxKeySize = 33
)

// KeyKind of an account's public key.
type KeyKind uint8

// An account has no key until it signs.
const (
	NoKey KeyKind = iota
	Secp256k1
	Ed25519
)

// size of such a key in bytes; −1 for what is no kind.
func (k KeyKind) size() int {
	switch k {
	case NoKey:
		return 0
	case Secp256k1:
		return maxKeySize
	case Ed25519:
		return 32
	default:
		return -1
	}
}

// Key that an account signs with.
type Key struct {
	Kind KeyKind
	// bytes, zero beyond the kind's size: no pointer, for there are a million of them.
	bytes [maxKeySize]byte
}

// NewKey of a kind.
func NewKey(kind KeyKind, public []byte) (Key, error) {
	k := Key{Kind: kind}
	if size := kind.size(); size < 0 || len(public) != size {
		return Key{}, fmt.Errorf("%w: a key of kind %d with %d bytes", ErrMalformed, kind, len(public))
	}
	copy(k.bytes[:], public)
	return k, nil
}

// Bytes of the public key.
func (k Key) Bytes() []byte { return k.bytes[:k.Kind.size()] }

// Record of an account: all that its shard knows of it.
type Record struct {
	Address Address
	Key     Key
	// Sequence that the next transaction signs.
	Sequence uint64
	// Units in the account's chain, of which Head is the last one's hash and Height that of the block which made it: there its history begins, backwards.
	Units  uint64
	Height uint64
	Head   Hash
	Balance
	Mana quota.Mana
}

// Check tells whether a shard can hold the record.
func (r *Record) Check() error {
	if r.Key.Kind.size() < 0 {
		return fmt.Errorf("%w: a key of kind %d", ErrMalformed, r.Key.Kind)
	}
	if (r.Units == 0) != (r.Head == Hash{}) || (r.Units == 0) != (r.Height == 0) {
		return fmt.Errorf("%w: %d units with the head %x of height %d", ErrMalformed, r.Units, r.Head, r.Height)
	}
	return r.Balance.Check()
}

// AppendBody appends the record without its address; each record has one encoding.
func (r *Record) AppendBody(b []byte) []byte {
	b = append(b, byte(r.Key.Kind))
	b = append(b, r.Key.Bytes()...)
	b = binary.BigEndian.AppendUint64(b, r.Sequence)
	b = binary.BigEndian.AppendUint64(b, r.Units)
	b = binary.BigEndian.AppendUint64(b, r.Height)
	b = append(b, r.Head[:]...)
	b = r.Balance.append(b)
	b = binary.BigEndian.AppendUint64(b, r.Mana.Left)
	return binary.BigEndian.AppendUint64(b, uint64(r.Mana.Time))
}

// DecodeBody reads what AppendBody wrote, and nothing else.
func DecodeBody(address Address, b []byte) (Record, error) {
	d := NewDecoder(b)
	r := Record{Address: address, Key: Key{Kind: KeyKind(d.U8())}}
	if size := r.Key.Kind.size(); size >= 0 {
		copy(r.Key.bytes[:], d.Next(size))
	} else {
		d.Fail()
	}
	r.Sequence, r.Units, r.Height = d.U64(), d.U64(), d.U64()
	copy(r.Head[:], d.Next(HashSize))
	r.Balance = d.Balance()
	r.Mana = quota.Mana{Left: d.U64(), Time: int64(d.U64())}
	if !d.Done() {
		return Record{}, fmt.Errorf("%w: a record of %d bytes", ErrMalformed, len(b))
	}
	return r, r.Check()
}

// leaf of the record in the tree; scratch is space to encode in.
func (r *Record) leaf(scratch []byte) (Hash, []byte) {
	scratch = r.AppendBody(append(scratch[:0], tagBody))
	return leafOf(r.Address, sha256.Sum256(scratch)), scratch
}

// BodyHash is what a leaf says of a record.
func BodyHash(body []byte) Hash { return sha256.Sum256(append([]byte{tagBody}, body...)) }
