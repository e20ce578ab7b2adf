package messaging

import (
	"encoding/binary"
	"fmt"
)

const (
	// MinSealed and MaxSealed are the sizes of the smallest and the largest sealed message; between them it doubles.
	MinSealed = 2 << 10
	MaxSealed = 256 << 10
	// Overhead is what HPKE adds: 1,120 bytes of encapsulation, 16 of authentication.
	Overhead = 1120 + 16
	// MaxPayload is the size of the largest encoded payload.
	MaxPayload = MaxSealed - Overhead - lengthSize

	lengthSize = 4
)

// bucket tells whether n is one of the sizes that sealed messages have.
func bucket(n int) bool { return n >= MinSealed && n <= MaxSealed && n&(n-1) == 0 }

// pad brings an encoded payload to the size of the next bucket: its length, itself, zeros. An observer learns the
// logarithm of the size and no more.
func pad(payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes encoded, at most %d", ErrPayload, len(payload), MaxPayload)
	}
	size := MinSealed
	for size-Overhead-lengthSize < len(payload) {
		size *= 2
	}
	padded := make([]byte, size-Overhead)
	binary.BigEndian.PutUint32(padded, uint32(len(payload)))
	copy(padded[lengthSize:], payload)
	return padded, nil
}

// unpad answers the payload; padding other than pad's is refused, so nothing can hide in it.
func unpad(padded []byte) ([]byte, error) {
	if len(padded) < lengthSize {
		return nil, fmt.Errorf("%w: no length", ErrPayload)
	}
	n := int(binary.BigEndian.Uint32(padded))
	if n > len(padded)-lengthSize {
		return nil, fmt.Errorf("%w: length beyond its end", ErrPayload)
	}
	payload, zeros := padded[lengthSize:lengthSize+n], padded[lengthSize+n:]
	for _, b := range zeros {
		if b != 0 {
			return nil, fmt.Errorf("%w: padding is not zero", ErrPayload)
		}
	}
	if want, err := pad(payload); err != nil || len(want) != len(padded) {
		return nil, fmt.Errorf("%w: padded to the wrong size", ErrPayload)
	}
	return payload, nil
}
