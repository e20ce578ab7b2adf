package lattice

import "encoding/binary"

// Decoder takes fields off the front of some bytes; once something is missing, it fails for good and answers zeros.
type Decoder struct {
	b      []byte
	failed bool
}

// NewDecoder of bytes.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Done tells whether everything was there and nothing is left.
func (d *Decoder) Done() bool { return !d.failed && len(d.b) == 0 }

// Fail for good.
func (d *Decoder) Fail() { d.failed = true }

// Next n bytes, which are the caller's.
func (d *Decoder) Next(n int) []byte {
	if d.failed || len(d.b) < n {
		d.failed = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

// U8 is the next byte.
func (d *Decoder) U8() uint8 {
	if b := d.Next(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 in big endian.
func (d *Decoder) U16() uint16 {
	if b := d.Next(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U32 in big endian.
func (d *Decoder) U32() uint32 {
	if b := d.Next(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 in big endian.
func (d *Decoder) U64() uint64 {
	if b := d.Next(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
