package claim

import (
	"crypto/sha256"
	"encoding/binary"
)

// Points draws k uniform, independent points of [0, sum) from a seed, so that a leaf is picked in proportion to its amount in utop. Point i comes from
// SHA-256(domain, seed, counter); draws from the last incomplete multiple of sum are rejected, which would otherwise favour small values. A sum of 0 has no points.
// The work is in proportion to k, which x/usage bounds.
func Points(seed [32]byte, sum uint64, k uint32) []uint64 {
	if sum == 0 {
		return nil
	}
	// 2^64 mod sum values at the top are rejected: less than half of all, so the loop ends.
	highest := ^uint64(0) - (^uint64(0)%sum+1)%sum
	points := []uint64{}
	block := append([]byte(domainSample), seed[:]...)
	for i := uint64(0); uint64(len(points)) < uint64(k); i++ {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(block, i))
		if v := binary.BigEndian.Uint64(h[:8]); v <= highest {
			points = append(points, v%sum)
		}
	}
	return points
}
