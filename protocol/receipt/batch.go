// Package receipt is how coins move between the ledgers of a network: batches of receipts, chained for each pair of ledgers, and the cursors that take every batch exactly once.
// Pure functions over plain values; README.md is the specification.
package receipt

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

const (
	domainBatch = "TOP/receipt/batch/1"
	// MaxName of a ledger in bytes: that of a chain id.
	MaxName = trie.MaxName
	// MaxReceipts and MaxBytes of a batch. A block of its destination takes it whole, with its proof. What a block of a shard transfers, and what arrives in it, are no more than that together: so all of it can leave again (Room).
	MaxReceipts = 20_000
	MaxBytes    = 4<<20 - 256<<10
	// MaxMemo in bytes, as sendtx has it.
	MaxMemo = 256
)

var (
	// ErrMalformed: bytes that no ledger writes.
	ErrMalformed = errors.New("malformed batch")
	// ErrReplay: the batch was taken before.
	ErrReplay = errors.New("batch was taken already")
	// ErrGap: batches before this one were not taken yet.
	ErrGap = errors.New("batches are missing before this one")
	// ErrFork: a batch that does not follow what was taken from its source.
	ErrFork = errors.New("batch does not follow the one before")
)

// Receipt of coins that have left their sender's ledger for their recipient's, or that come back.
type Receipt = lattice.Arrival

// Cursor is the last batch of a pair of ledgers: the height of the source's block that made it, and its hash; zero before the first one.
type Cursor struct {
	Height uint64
	Hash   lattice.Hash
}

// Batch of all receipts that one block of a source makes for one destination, in the block's order.
type Batch struct {
	Source, Destination string
	// Height of the source's block.
	Height uint64
	// Previous batch of this pair.
	Previous Cursor
	Receipts []Receipt
}

// Encode the batch; each has one encoding. Names go with one byte of length, numbers are big endian.
func (b *Batch) Encode() []byte {
	out := make([]byte, 0, 128+len(b.Receipts)*96)
	for _, name := range []string{b.Source, b.Destination} {
		out = append(append(out, byte(len(name))), name...)
	}
	out = binary.BigEndian.AppendUint64(out, b.Height)
	out = binary.BigEndian.AppendUint64(out, b.Previous.Height)
	out = append(out, b.Previous.Hash[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(b.Receipts)))
	for i := range b.Receipts {
		out = appendReceipt(out, &b.Receipts[i])
	}
	return out
}

// kinds of receipts: bits.
const (
	kindReturn = 1 << iota
	kindMain
)

func kindOf(r *Receipt) (kind byte) {
	if r.Return {
		kind |= kindReturn
	}
	if r.Main {
		kind |= kindMain
	}
	return kind
}

func appendReceipt(out []byte, r *Receipt) []byte {
	out = append(out, kindOf(r))
	out = append(out, r.From[:]...)
	out = append(out, r.To[:]...)
	out = append(out, r.Transaction[:]...)
	out = lattice.AppendBalance(out, r.Amount)
	out = binary.BigEndian.AppendUint16(out, uint16(len(r.Memo)))
	return append(out, r.Memo...)
}

// leastReceipt is what the shortest receipt has, in bytes.
const leastReceipt = 1 + 2*lattice.AddressSize + lattice.HashSize + 9 + 2

// Size of a receipt's encoding in bytes.
func Size(r *Receipt) int {
	size := leastReceipt + len(r.Memo)
	for _, c := range r.Amount.Coins {
		size += 1 + len(c.Denom) + 16
	}
	return size
}

// Hash of an encoded batch, to which the next one of the pair refers.
func Hash(encoded []byte) lattice.Hash {
	h := sha256.New()
	h.Write([]byte(domainBatch))
	h.Write(encoded)
	return lattice.Hash(h.Sum(nil))
}

// Cursor after the batch.
func (b *Batch) Cursor() Cursor { return Cursor{b.Height, Hash(b.Encode())} }

// Decode what Encode wrote, and nothing else.
func Decode(in []byte) (b Batch, err error) {
	if len(in) > MaxBytes {
		return Batch{}, fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(in), MaxBytes)
	}
	d := lattice.NewDecoder(in)
	for _, name := range []*string{&b.Source, &b.Destination} {
		*name = string(d.Next(int(d.U8())))
	}
	b.Height = d.U64()
	b.Previous.Height = d.U64()
	copy(b.Previous.Hash[:], d.Next(lattice.HashSize))
	n := d.U32()
	// No room is made for what is not there.
	if n > MaxReceipts || int(n)*leastReceipt > len(in) {
		return Batch{}, fmt.Errorf("%w: %d receipts in %d bytes", ErrMalformed, n, len(in))
	}
	b.Receipts = make([]Receipt, n)
	for i := range b.Receipts {
		if err := decodeReceipt(d, &b.Receipts[i]); err != nil {
			return Batch{}, fmt.Errorf("receipt %d: %w", i, err)
		}
	}
	if !d.Done() {
		return Batch{}, fmt.Errorf("%w: %d bytes are not what a batch says of itself", ErrMalformed, len(in))
	}
	return b, b.Check()
}

func decodeReceipt(d *lattice.Decoder, r *Receipt) error {
	kind := d.U8()
	if kind&^(kindReturn|kindMain) != 0 {
		return fmt.Errorf("%w: kind %d", ErrMalformed, kind)
	}
	r.Return, r.Main = kind&kindReturn != 0, kind&kindMain != 0
	copy(r.From[:], d.Next(lattice.AddressSize))
	copy(r.To[:], d.Next(lattice.AddressSize))
	copy(r.Transaction[:], d.Next(lattice.HashSize))
	r.Amount = d.Balance()
	size := int(d.U16())
	if size > MaxMemo {
		return fmt.Errorf("%w: a memo of %d bytes, at most %d", ErrMalformed, size, MaxMemo)
	}
	r.Memo = string(d.Next(size))
	return nil
}

// Check tells whether a ledger can have made the batch.
func (b *Batch) Check() error {
	for _, name := range []string{b.Source, b.Destination} {
		if err := trie.CheckName(name); err != nil {
			return fmt.Errorf("%w: a ledger's name: %w", ErrMalformed, err)
		}
	}
	switch {
	case b.Source == b.Destination:
		return fmt.Errorf("%w: from %s to itself", ErrMalformed, b.Source)
	case b.Height == 0 || b.Previous.Height >= b.Height:
		return fmt.Errorf("%w: height %d after %d", ErrMalformed, b.Height, b.Previous.Height)
	case (b.Previous.Height == 0) != (b.Previous.Hash == lattice.Hash{}):
		return fmt.Errorf("%w: it follows %x of height %d", ErrMalformed, b.Previous.Hash, b.Previous.Height)
	case len(b.Receipts) == 0 || len(b.Receipts) > MaxReceipts:
		return fmt.Errorf("%w: %d receipts, want 1 to %d", ErrMalformed, len(b.Receipts), MaxReceipts)
	}
	for i := range b.Receipts {
		if err := checkReceipt(&b.Receipts[i]); err != nil {
			return fmt.Errorf("receipt %d: %w", i, err)
		}
	}
	return nil
}

func checkReceipt(r *Receipt) error {
	if err := r.Amount.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.Amount.IsZero() || len(r.Memo) > MaxMemo || r.Return && r.Memo != "" {
		return fmt.Errorf("%w: it brings nothing, or has a memo of %d bytes", ErrMalformed, len(r.Memo))
	}
	for _, c := range r.Amount.Coins {
		if c.Denom == sendtx.Utop || !sendtx.IsDenom(c.Denom) {
			return fmt.Errorf("%w: it brings %q as another coin than %s", ErrMalformed, c.Denom, sendtx.Utop)
		}
	}
	return nil
}

// EncodeOne receipt as a batch has it, for a ledger that keeps single ones.
func EncodeOne(r *Receipt) []byte { return appendReceipt(make([]byte, 0, Size(r)), r) }

// DecodeOne reads what EncodeOne wrote, and nothing else.
func DecodeOne(in []byte) (r Receipt, err error) {
	d := lattice.NewDecoder(in)
	if err := decodeReceipt(d, &r); err != nil {
		return Receipt{}, err
	}
	if !d.Done() {
		return Receipt{}, fmt.Errorf("%w: %d bytes are not what a receipt says of itself", ErrMalformed, len(in))
	}
	return r, checkReceipt(&r)
}
