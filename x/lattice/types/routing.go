package types

import (
	"fmt"
	"math"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// prefix of two numbers; what does not fit is refused by its check.
func prefix(bits, length uint32) lattice.Prefix {
	return lattice.Prefix{Bits: bits, Len: uint8(min(length, math.MaxUint8))}
}

// Table of the routes.
func (r RoutingTable) Table() trie.Table {
	if len(r.Routes) == 0 {
		return nil
	}
	t := make(trie.Table, len(r.Routes))
	for i, route := range r.Routes {
		t[i] = trie.Route{Prefix: prefix(route.PrefixBits, route.PrefixLen), Name: route.Name}
	}
	return t
}

// RoutingOf a table.
func RoutingOf(t trie.Table) (r RoutingTable) {
	for _, route := range t {
		r.Routes = append(r.Routes, Route{PrefixBits: route.Prefix.Bits, PrefixLen: uint32(route.Prefix.Len), Name: route.Name})
	}
	return r
}

// CheckChain tells whether the network's shards know the shard by the chain's id; without a table none knows it.
func (gs *GenesisState) CheckChain(chainID string) error {
	p := gs.Shard.Prefix()
	for _, route := range gs.Routing.Table() {
		if route.Prefix == p && route.Name != chainID {
			return fmt.Errorf("routing: the shard of bits %s is %s, this chain is %s", trie.Bits(p), route.Name, chainID)
		}
	}
	return nil
}
