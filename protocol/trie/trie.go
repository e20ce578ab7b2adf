// Package trie is the routing of a network: a binary trie over the bits of hashed addresses (protocol/lattice), whose leaves are the shards. Pure functions over plain values; README.md is the specification.
package trie

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	// MaxName of a shard in bytes, that of a chain id in CometBFT.
	MaxName = 50
	// maxFaults that an error tells of: whoever has more has another file in mind.
	maxFaults = 4
)

// ErrTable tells of routes that are no trie of shards.
var ErrTable = errors.New("routing table")

// Route to a shard: the buckets that begin with Prefix are on the chain with this Name.
type Route struct {
	Prefix lattice.Prefix
	Name   string
}

// Table of a network's shards, in the order of their buckets, so that a network has one table.
type Table []Route

// first bucket of a route.
func (r Route) first() uint32 { return r.Prefix.Bits << (lattice.BucketBits - uint32(r.Prefix.Len)) }

// Sorted routes, in the order that a table has.
func Sorted(routes []Route) Table {
	return slices.SortedStableFunc(slices.Values(routes), func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.first(), b.first()), cmp.Compare(a.Prefix.Len, b.Prefix.Len))
	})
}

// Check tells whether every bucket of the network is exactly one shard's, and which bits are nobody's or two's if not.
func (t Table) Check() error {
	names := make(map[string]bool, len(t))
	for _, r := range t {
		if err := r.Prefix.Check(); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrTable, r.Name, err)
		}
		if err := CheckName(r.Name); err != nil {
			return err
		}
		if names[r.Name] {
			return fmt.Errorf("%w: %s is there twice: a shard has one prefix", ErrTable, r.Name)
		}
		names[r.Name] = true
	}
	sorted := Sorted(t)
	if faults := sorted.faults(lattice.Prefix{}, nil); len(faults) > 0 {
		more := ""
		if n := len(faults) - maxFaults; n > 0 {
			faults, more = faults[:maxFaults], fmt.Sprintf("; and %d more", n)
		}
		return fmt.Errorf("%w: %s%s", ErrTable, strings.Join(faults, "; "), more)
	}
	for i := range t {
		if t[i] != sorted[i] {
			return fmt.Errorf("%w: %s of %s stands too early: routes are in the order of their bits", ErrTable, Bits(t[i].Prefix), t[i].Name)
		}
	}
	return nil
}

// faults below a node of the trie, whose routes these are, in order.
func (t Table) faults(node lattice.Prefix, found []string) []string {
	switch {
	case len(t) == 0:
		return append(found, fmt.Sprintf("accounts with bits %s are no shard's", Bits(node)))
	case t[0].Prefix == node && len(t) == 1:
		return found
	case t[0].Prefix == node:
		return append(found, fmt.Sprintf("accounts with bits %s are of both %s and %s", Bits(t[1].Prefix), t[0].Name, t[1].Name))
	}
	left, right := node.Children()
	middle := Route{Prefix: right}.first()
	at, _ := slices.BinarySearchFunc(t, middle, func(r Route, first uint32) int { return cmp.Compare(r.first(), first) })
	return t[at:].faults(right, t[:at].faults(left, found))
}

// CheckName tells whether a name can be a shard's.
func CheckName(name string) error {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._", c)
	}
	if name == "" || len(name) > MaxName || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("%w: %q is no name of a shard: 1 to %d letters, digits, dots, dashes and underscores, e.g. top-z0.s0-1", ErrTable, name, MaxName)
	}
	return nil
}

// OwnerOf one of the network's buckets. The table is one that Check accepts; false for an empty one.
func (t Table) OwnerOf(bucket uint32) (Route, bool) {
	at, exact := slices.BinarySearchFunc(t, bucket, func(r Route, bucket uint32) int { return cmp.Compare(r.first(), bucket) })
	if !exact {
		at--
	}
	if at < 0 || !t[at].Prefix.Holds(bucket) {
		return Route{}, false
	}
	return t[at], true
}

// Owner of an account.
func (t Table) Owner(a lattice.Address) (Route, bool) { return t.OwnerOf(lattice.BucketOf(a)) }

// CheckShard tells whether a shard with this prefix can be run by the table: it is one of the leaves, or there is no table, for the shard holds everything.
func (t Table) CheckShard(prefix lattice.Prefix) error {
	if err := prefix.Check(); err != nil {
		return err
	}
	if len(t) == 0 {
		if prefix.Len > 0 {
			return fmt.Errorf("%w: it is empty, and the shard has bits %s only: it must name the shard of every bit", ErrTable, Bits(prefix))
		}
		return nil
	}
	if err := t.Check(); err != nil {
		return err
	}
	if own, _ := t.OwnerOf(Route{Prefix: prefix}.first()); own.Prefix != prefix {
		return fmt.Errorf("%w: it has no shard of bits %s; where that would be it names %s, of bits %s", ErrTable, Bits(prefix), own.Name, Bits(own.Prefix))
	}
	return nil
}

// Elsewhere is the refusal of an account that another shard owns. It is a lattice.ErrNotOwned.
type Elsewhere struct {
	Account lattice.Address
	// Shard that owns the account.
	Shard string
}

// Error implements error.
func (e *Elsewhere) Error() string {
	return fmt.Sprintf("account %s belongs to shard %s", sendtx.Bech32(e.Account), e.Shard)
}

// Unwrap makes it a lattice.ErrNotOwned.
func (e *Elsewhere) Unwrap() error { return lattice.ErrNotOwned }

// Elsewhere is why a shard that does not hold an account refuses it: who does.
func (t Table) Elsewhere(a lattice.Address) error {
	owner, ok := t.Owner(a)
	if !ok {
		return fmt.Errorf("%w: %s", lattice.ErrNotOwned, sendtx.Bech32(a))
	}
	return &Elsewhere{Account: a, Shard: owner.Name}
}
