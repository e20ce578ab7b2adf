package types

import (
	"math"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// MaxTables that are kept: the current one and those before it.
const MaxTables = 100

// Prefix of the route; what does not fit is refused by its check.
func (r Route) Prefix() lattice.Prefix {
	return lattice.Prefix{Bits: r.PrefixBits, Len: uint8(min(r.PrefixLen, math.MaxUint8))}
}

// Table as protocol/trie asks it.
func (t RoutingTable) Table() trie.Table {
	if len(t.Routes) == 0 {
		return nil
	}
	table := make(trie.Table, len(t.Routes))
	for i, r := range t.Routes {
		table[i] = trie.Route{Prefix: r.Prefix(), Name: r.Name}
	}
	return table
}

// RoutesOf a table.
func RoutesOf(t trie.Table) []Route {
	routes := make([]Route, len(t))
	for i, r := range t {
		routes[i] = Route{PrefixBits: r.Prefix.Bits, PrefixLen: uint32(r.Prefix.Len), Name: r.Name}
	}
	return routes
}

// Zones of the network.
func (t RoutingTable) Zones() uint32 { return 1 << t.ZoneBits }

// Validate checks that every account is one shard's, and that each shard has the name that its place gives it.
func (t RoutingTable) Validate() error {
	if t.Version == 0 || t.SinceHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "routing table of version %d since height %d: versions count from 1 on, heights from 0", t.Version, t.SinceHeight)
	}
	if t.ZoneBits > trie.MaxZoneBits {
		return errorsmod.Wrapf(ErrInvalid, "zone_bits is %d, want 0 to %d", t.ZoneBits, trie.MaxZoneBits)
	}
	if err := t.Table().Check(); err != nil {
		return errorsmod.Wrapf(ErrInvalid, "version %d: %s", t.Version, err)
	}
	for _, r := range t.Routes {
		named, err := trie.ParseName(r.Name)
		if err != nil {
			return errorsmod.Wrapf(ErrInvalid, "version %d: %s", t.Version, err)
		}
		want, err := trie.NewShard(r.Prefix(), uint8(t.ZoneBits), named.Generation)
		if err != nil {
			return errorsmod.Wrapf(ErrInvalid, "version %d: %s", t.Version, err)
		}
		if named != want {
			return errorsmod.Wrapf(ErrInvalid, "version %d: the shard of bits %s is called %s: in a network with %d bits of zones it is %s", t.Version, trie.Bits(want.Prefix), r.Name, t.ZoneBits, want.Name())
		}
	}
	return nil
}
