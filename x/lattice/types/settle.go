package types

import (
	"fmt"
	"slices"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// Settle what a shard that was split has left to one of its children: the names and first committees of both, the left one first, as the main chain says. It answers which of both has it.
func (gs *GenesisState) Settle(children [2]Members) (side int, err error) {
	own := gs.Shard.Prefix()
	if own.Len == 0 || gs.Inherited == nil {
		return 0, fmt.Errorf("nothing was left to it: it has no parent")
	}
	side = int(own.Bits & 1)
	parent := lattice.Prefix{Bits: own.Bits >> 1, Len: own.Len - 1}
	left, right := parent.Children()
	heirs := trie.Table{{Prefix: left, Name: children[0].Ledger}, {Prefix: right, Name: children[1].Ledger}}
	table := gs.Routing.Table()
	at := slices.IndexFunc(table, func(r trie.Route) bool { return r.Prefix == parent })
	switch {
	case at >= 0:
		table = slices.Replace(table, at, at+1, heirs...)
	case len(table) == 0:
		table = heirs
	default:
		// The parent had heard of the table in which its children stand already.
		for _, heir := range heirs {
			if !slices.Contains(table, heir) {
				return 0, fmt.Errorf("the routing table of version %d has no %s", gs.Routing.Version, heir.Name)
			}
		}
	}
	version := gs.Routing.Version
	gs.Routing = RoutingOf(table)
	gs.Routing.Version = version
	for _, m := range children {
		if m.Term != 1 {
			return 0, fmt.Errorf("members of %s are those of term %d, the shard begins with term 1", m.Ledger, m.Term)
		}
		gs.Members = slices.DeleteFunc(gs.Members, func(known Members) bool { return known.Ledger == m.Ledger })
		gs.Members = append(gs.Members, m)
	}
	return side, gs.Validate()
}
