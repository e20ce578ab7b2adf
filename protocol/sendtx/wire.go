package sendtx

import (
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields of a message, which a visitor takes one by one. Nothing unknown is skipped: what the shard does not understand nobody has agreed to.
func fields(what string, b []byte, visit func(n protowire.Number, t protowire.Type, b []byte) (int, error)) error {
	for len(b) > 0 {
		n, t, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("%w: %s: %w", ErrMalformed, what, protowire.ParseError(size))
		}
		used, err := visit(n, t, b[size:])
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		b = b[size+used:]
	}
	return nil
}

// bytesOf a field with a length before it.
func bytesOf(t protowire.Type, b []byte, to *[]byte) (int, error) {
	if t != protowire.BytesType {
		return 0, fmt.Errorf("%w: wire type %d, want bytes", ErrMalformed, t)
	}
	v, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return 0, fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
	}
	*to = v
	return n, nil
}

// onceOf is bytesOf for a field that stands there once.
func onceOf(t protowire.Type, b []byte, to *[]byte) (int, error) {
	if *to != nil {
		return 0, fmt.Errorf("%w: a field stands there twice", ErrMalformed)
	}
	n, err := bytesOf(t, b, to)
	if err == nil && *to == nil {
		*to = []byte{}
	}
	return n, err
}

func numberOf(t protowire.Type, b []byte, to *uint64) (int, error) {
	if t != protowire.VarintType {
		return 0, fmt.Errorf("%w: wire type %d, want a number", ErrMalformed, t)
	}
	v, n := protowire.ConsumeVarint(b)
	if n < 0 {
		return 0, fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
	}
	*to = v
	return n, nil
}

func unknown(n protowire.Number) error {
	return fmt.Errorf("%w: field %d is not one that a transfer may have", ErrMalformed, n)
}

// decimal number of at most 128 bits, without sign or leading zeros.
func decimal(s []byte) (hi, lo uint64, err error) {
	if len(s) == 0 || len(s) > 39 || s[0] == '0' {
		return 0, 0, fmt.Errorf("%w: amount %q is not a number above zero", ErrMalformed, s)
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, 0, fmt.Errorf("%w: amount %q is not a number above zero", ErrMalformed, s)
		}
		carry, low := bits.Mul64(lo, 10)
		over, high := bits.Mul64(hi, 10)
		var c1, c2 uint64
		lo, c1 = bits.Add64(low, uint64(c-'0'), 0)
		hi, c2 = bits.Add64(high, carry, c1)
		if over != 0 || c2 != 0 {
			return 0, 0, fmt.Errorf("%w: amount %q does not fit into 128 bits", ErrMalformed, s)
		}
	}
	return hi, lo, nil
}
