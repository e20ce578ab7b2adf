package trie

import (
	"fmt"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
)

// noBits is how a prefix of no bits is written.
const noBits = "-"

// Bits of a prefix as they are written: 01, or - for none.
func Bits(p lattice.Prefix) string {
	if p.Len == 0 {
		return noBits
	}
	return fmt.Sprintf("%0*b", p.Len, p.Bits)
}

// ParseBits of a prefix; an empty text, too, is none.
func ParseBits(text string) (p lattice.Prefix, err error) {
	if text == noBits || text == "" {
		return p, nil
	}
	if len(text) > lattice.MaxPrefix || strings.Trim(text, "01") != "" {
		return p, fmt.Errorf("%w: bits are %.40q, want at most %d digits 0 and 1, e.g. 01", ErrTable, text, lattice.MaxPrefix)
	}
	for _, bit := range text {
		p.Bits = p.Bits<<1 | uint32(bit-'0')
	}
	p.Len = uint8(len(text))
	return p, nil
}

// Parse a table: a line for each shard, in any order, with its bits and its name, e.g. `01 top-z0.s1-1`. Empty lines and what begins with # say nothing.
func Parse(text string) (Table, error) {
	var routes []Route
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%w: line %d: want bits and a name, e.g. 01 top-z0.s1-1", ErrTable, n)
		}
		p, err := ParseBits(fields[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		routes = append(routes, Route{Prefix: p, Name: fields[1]})
	}
	if len(routes) == 0 {
		return nil, fmt.Errorf("%w: there is no line with a shard", ErrTable)
	}
	t := Sorted(routes)
	return t, t.Check()
}

// String is what Parse reads.
func (t Table) String() string {
	var b strings.Builder
	for _, r := range t {
		fmt.Fprintf(&b, "%s %s\n", Bits(r.Prefix), r.Name)
	}
	return b.String()
}
