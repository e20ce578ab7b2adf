package types

import (
	"fmt"
	"math"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
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
	return gs.checkOwn(chainID)
}

// checkOwn tells whether what genesis says of the chain's committee and batches can be the chain's own.
func (gs *GenesisState) checkOwn(chainID string) error {
	own, sits := false, false
	for _, m := range gs.Members {
		own = own || m.Ledger == chainID
		sits = sits || m.Ledger == chainID && m.Term == gs.SittingTerm()
	}
	if own && !sits || !own && gs.Term != 0 {
		return fmt.Errorf("members: there is no term %d of %s, which is to decide", gs.SittingTerm(), chainID)
	}
	for _, i := range gs.Inboxes {
		if i.Source == chainID {
			return fmt.Errorf("inboxes: one of the chain itself")
		}
	}
	for _, o := range gs.Outboxes {
		for _, encoded := range o.Batches {
			if b, err := receipt.Decode(encoded); err != nil || b.Source != chainID {
				return fmt.Errorf("outboxes: %s: a batch of %s, this chain is %s", o.Destination, b.Source, chainID)
			}
		}
	}
	return nil
}

// SittingTerm of the chain's own committee.
func (gs *GenesisState) SittingTerm() uint64 { return max(gs.Term, 1) }

// Sitting committee of the chain; false where genesis has none.
func (gs *GenesisState) Sitting(chainID string) (Members, bool) {
	i := slices.IndexFunc(gs.Members, func(m Members) bool { return m.Ledger == chainID && m.Term == gs.SittingTerm() })
	if i < 0 {
		return Members{}, false
	}
	return gs.Members[i], true
}

// CheckValidators tells whether CometBFT's genesis has the committee that other shards are told of; a shard without members has no others.
func (gs *GenesisState) CheckValidators(chainID string, validators []abci.ValidatorUpdate) error {
	m, ok := gs.Sitting(chainID)
	if !ok {
		return nil
	}
	have := make(map[string]int64, len(validators))
	for _, v := range validators {
		have[string(v.PubKey.GetEd25519())] = v.Power
	}
	for _, key := range m.Keys {
		if have[string(key)] != m.Power || len(have) != len(m.Keys) {
			return fmt.Errorf("members: term %d of %s are %d members of power %d, CometBFT's genesis has %d validators: both must be the same", m.Term, chainID, len(m.Keys), m.Power, len(validators))
		}
	}
	return nil
}
