package sortition

import (
	"crypto/sha256"
	"encoding/binary"
)

// Stream is a sequence of uniform numbers from a seed: SHA-256 in counter mode, four 8-byte words per block.
type Stream struct {
	prefix  []byte
	counter uint64
	words   []byte
}

// NewStream begins the stream of a seed.
func NewStream(seed Seed) *Stream { return &Stream{prefix: newEncoder(domainStream).seed(seed).b} }

// Uint64 is the next word.
func (s *Stream) Uint64() uint64 {
	if len(s.words) == 0 {
		// The full slice expression makes append copy: the prefix is for every block.
		block := sha256.Sum256(binary.BigEndian.AppendUint64(s.prefix[:len(s.prefix):len(s.prefix)], s.counter))
		s.words = block[:]
		s.counter++
	}
	word := binary.BigEndian.Uint64(s.words)
	s.words = s.words[8:]
	return word
}

// Below is the next uniform number of [0, n); n = 0 stands for 2^64. Words from the last incomplete multiple of n are skipped, for they would favour small numbers;
// that is less than half of all words, so the loop ends.
func (s *Stream) Below(n uint64) uint64 {
	if n == 0 {
		return s.Uint64()
	}
	highest := ^uint64(0) - (^uint64(0)%n+1)%n
	for {
		if word := s.Uint64(); word <= highest {
			return word % n
		}
	}
}
