package trie

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
)

const (
	// MaxZoneBits: a network has eight zones at most.
	MaxZoneBits = 3

	namePrefix = "top-z"
	nameShard  = ".s"
)

// ZoneOf a shard: the number that the first zoneBits of its prefix make. A shard has at least so many bits.
func ZoneOf(p lattice.Prefix, zoneBits uint8) (uint32, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	if zoneBits > MaxZoneBits || p.Len < zoneBits {
		return 0, fmt.Errorf("%w: a shard of %d bits in a network whose zones have %d: want zones of at most %d bits and shards of no fewer", ErrTable, p.Len, zoneBits, MaxZoneBits)
	}
	return p.Bits >> (p.Len - zoneBits), nil
}

// Shard as its chain id names it: top-z{zone}.s{bits of the prefix}-{generation}, e.g. top-z1.s11-1, or top-z0.s-1 for one that holds everything. The generation counts from 1 on: no chain id is ever
// used again, for members would sign its heights a second time.
type Shard struct {
	Zone       uint32
	Prefix     lattice.Prefix
	Generation uint64
}

// NewShard of a network whose zones have so many bits.
func NewShard(p lattice.Prefix, zoneBits uint8, generation uint64) (Shard, error) {
	zone, err := ZoneOf(p, zoneBits)
	if err != nil {
		return Shard{}, err
	}
	if generation == 0 {
		return Shard{}, fmt.Errorf("%w: generation 0 of bits %s: they count from 1 on", ErrTable, Bits(p))
	}
	return Shard{Zone: zone, Prefix: p, Generation: generation}, nil
}

// Name is the chain id.
func (s Shard) Name() string {
	bits := ""
	if s.Prefix.Len > 0 {
		bits = Bits(s.Prefix)
	}
	return fmt.Sprintf("%s%d%s%s-%d", namePrefix, s.Zone, nameShard, bits, s.Generation)
}

// ParseName reads what Name writes, and nothing else.
func ParseName(name string) (Shard, error) {
	refuse := func() (Shard, error) {
		return Shard{}, fmt.Errorf("%w: %.60q names no shard: want top-z{zone}.s{bits}-{generation}, e.g. top-z1.s11-1", ErrTable, name)
	}
	rest, ok := strings.CutPrefix(name, namePrefix)
	zone, rest, dot := strings.Cut(rest, nameShard)
	bits, generation, dash := strings.Cut(rest, "-")
	if !ok || !dot || !dash || len(bits) > lattice.MaxPrefix {
		return refuse()
	}
	var s Shard
	z, err := strconv.ParseUint(zone, 10, 8)
	if err != nil {
		return refuse()
	}
	s.Zone = uint32(z)
	if s.Generation, err = strconv.ParseUint(generation, 10, 64); err != nil || s.Generation == 0 {
		return refuse()
	}
	if s.Prefix, err = ParseBits(bits); err != nil || s.Name() != name || !s.zoned() {
		return refuse()
	}
	return s, nil
}

// zoned tells whether some number of first bits makes the zone.
func (s Shard) zoned() bool {
	for n := range min(s.Prefix.Len, MaxZoneBits) + 1 {
		if s.Prefix.Bits>>(s.Prefix.Len-n) == s.Zone {
			return true
		}
	}
	return false
}
