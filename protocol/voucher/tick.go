package voucher

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// HashChain is the client's side of the ticks (PayWord, Rivest and Shamir 1996): anchor = SHA-256 applied length times to a seed; the preimage with index i
// leads to the anchor in i steps. Every √length-th value is kept: a preimage costs at most √length hashes, the longest chain 128 KiB.
type HashChain struct {
	length, stride uint64
	// marks[j] is the value j×stride steps from the seed.
	marks [][32]byte
}

// NewHashChain builds a chain for length ticks. seed must be secret and fresh: who knows it can pay in the client's name. A length above MaxTicks, which no Open may
// have, gives a chain of MaxTicks; of length 0, one that pays nothing.
func NewHashChain(seed [32]byte, length uint64) *HashChain {
	length = min(length, MaxTicks)
	stride := uint64(1)
	for stride*stride < length {
		stride++
	}
	c := &HashChain{length: length, stride: stride, marks: [][32]byte{seed}}
	v := seed
	for i := uint64(1); i <= length; i++ {
		v = sha256.Sum256(v[:])
		if i%stride == 0 {
			c.marks = append(c.marks, v)
		}
	}
	return c
}

// Length is the number of ticks.
func (c *HashChain) Length() uint64 { return c.length }

// Anchor is the public end of the chain.
func (c *HashChain) Anchor() [32]byte { return c.value(c.length) }

// Preimage pays index ticks, 1 to length.
func (c *HashChain) Preimage(index uint64) ([32]byte, error) {
	if index == 0 || index > c.length {
		return [32]byte{}, fmt.Errorf("%w: tick %d of %d", ErrTick, index, c.length)
	}
	return c.value(c.length - index), nil
}

// value is what steps hashes from the seed give.
func (c *HashChain) value(steps uint64) [32]byte {
	v := c.marks[steps/c.stride]
	for range steps % c.stride {
		v = sha256.Sum256(v[:])
	}
	return v
}

// Meter is the provider's side: it accepts ticks in rising order. Its state is three plain values, so that it can be stored.
type Meter struct {
	last  [32]byte
	index uint64
	max   uint64
}

// NewMeter starts at the anchor of an open; max is its max_ticks.
func NewMeter(anchor [32]byte, max uint64) *Meter { return &Meter{last: anchor, max: max} }

// ResumeMeter continues from the last accepted tick.
func ResumeMeter(last [32]byte, index, max uint64) *Meter {
	return &Meter{last: last, index: index, max: max}
}

// Index is how many ticks are paid.
func (m *Meter) Index() uint64 { return m.index }

// Last is the last accepted preimage (the anchor at first).
func (m *Meter) Last() [32]byte { return m.last }

// MaxStep bounds how many ticks one Tick may pay at once, and so the hashes that a stranger may cost the provider.
const MaxStep = 1 << 16

// Accept takes a tick: its preimage must lead to the last one in index − last index steps. A refused tick changes nothing. The session id is the caller's to check.
func (m *Meter) Accept(t *Tick) error {
	if t == nil || len(t.Preimage) != hashLen {
		return fmt.Errorf("%w: a preimage has %d bytes", ErrMalformed, hashLen)
	}
	if t.Index <= m.index || t.Index > m.max {
		return fmt.Errorf("%w: index %d after %d of %d", ErrTick, t.Index, m.index, m.max)
	}
	steps := t.Index - m.index
	if steps > MaxStep {
		return fmt.Errorf("%w: %d ticks at once, at most %d", ErrTick, steps, MaxStep)
	}
	v := [32]byte(t.Preimage)
	for range steps {
		v = sha256.Sum256(v[:])
	}
	if !bytes.Equal(v[:], m.last[:]) {
		return fmt.Errorf("%w: preimage %d does not lead to tick %d", ErrTick, t.Index, m.index)
	}
	m.last, m.index = [32]byte(t.Preimage), t.Index
	return nil
}
