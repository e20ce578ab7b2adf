package types

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// StandingKey of a ledger, in the store of a shard.
func StandingKey(ledger string) []byte { return append(slices.Clone(StandingsKey.Bytes()), ledger...) }

// Prefix of the accounts.
func (t Taken) Prefix() lattice.Prefix { return prefix(t.PrefixBits, t.PrefixLen) }

// Prefix that the ledger held; that of all for the main chain.
func (h Heard) Prefix() lattice.Prefix { return prefix(h.PrefixBits, h.PrefixLen) }

// TakenBy accounts of a prefix, of batches for a destination.
func TakenBy(p lattice.Prefix, destination string, c receipt.Cursor) Taken {
	return Taken{Destination: destination, PrefixBits: p.Bits, PrefixLen: uint32(p.Len), Cursor: CursorOf(c)}
}

// has tells whether the shard's own state has sent a batch to a destination, or none is meant.
func (s *Settlement) has(destination string, c Cursor) bool {
	if c.Height == 0 {
		return true
	}
	for _, t := range s.Sent {
		if t.Destination == destination && t.Cursor.Height == c.Height && bytes.Equal(t.Cursor.Hash, c.Hash) {
			return true
		}
	}
	return false
}

// Covers tells whether somebody has said what the accounts of a shard's prefix have taken.
func (s *Settlement) Covers(p lattice.Prefix, main string) bool {
	for _, h := range s.Heard {
		if own := h.Prefix(); h.Ledger != main && own.Len <= p.Len && own.Bits == p.Bits>>(p.Len-own.Len) {
			return true
		}
	}
	return false
}

// PartnerHeard tells whether the ledger with which a prefix's one would become one has said what it took.
func (s *Settlement) PartnerHeard(p lattice.Prefix, main string) bool {
	return p.Len > 0 && slices.ContainsFunc(s.Heard, func(h Heard) bool { return h.Ledger != main && h.Prefix() == p.Sibling() })
}

// HasHeard a ledger.
func (s *Settlement) HasHeard(ledger string) bool {
	for _, h := range s.Heard {
		if h.Ledger == ledger {
			return true
		}
	}
	return false
}

// Add what a ledger has taken: the shard owes what its state does not have. What was said before stays.
func (s *Settlement) Add(h Heard, taken []Taken) error {
	for _, t := range taken {
		if _, err := t.Cursor.Receipt(); err != nil {
			return fmt.Errorf("taken of %s: %w", t.Destination, err)
		}
		if s.debt(t.Destination, t.Prefix()) >= 0 {
			continue
		}
		if s.has(t.Destination, t.Cursor) {
			t.Cursor = Cursor{}
		}
		s.Debts = append(s.Debts, t)
	}
	s.Heard = append(s.Heard, h)
	return nil
}

func (s *Settlement) debt(destination string, p lattice.Prefix) int {
	for i, d := range s.Debts {
		if d.Destination == destination && d.Prefix() == p {
			return i
		}
	}
	return -1
}

// Pay what is owed by a batch: the prefixes whose accounts have taken it, none where it is not the next to be paid. After it the one before it is due; where the state has that one, what the state sent after it in their place is to be refunded.
func (s *Settlement) Pay(b *receipt.Batch) (paid []lattice.Prefix) {
	at := CursorOf(b.Cursor())
	for i := range s.Debts {
		d := &s.Debts[i]
		if d.Destination != b.Destination || d.Cursor.Height != at.Height || string(d.Cursor.Hash) != string(at.Hash) {
			continue
		}
		paid = append(paid, d.Prefix())
		if d.Cursor = CursorOf(b.Previous); s.has(b.Destination, d.Cursor) {
			s.displace(*d)
			d.Cursor = Cursor{}
		}
	}
	return paid
}

// displace what was sent after the batch up to which a destination has followed: each of its batches names the one before, so it takes none of them any more.
func (s *Settlement) displace(followed Taken) {
	newest := followed.Cursor
	for _, t := range s.Sent {
		if t.Destination == followed.Destination && t.Cursor.Height > newest.Height {
			newest = t.Cursor
		}
	}
	if newest.Height == followed.Cursor.Height {
		return
	}
	refund := Refund{Next: followed, Until: followed.Cursor}
	refund.Next.Cursor = newest
	s.Refunds = append(s.Refunds, refund)
}

// Refund a batch: the prefixes whose accounts can never take it, none where it is not the next to be refunded.
func (s *Settlement) Refund(b *receipt.Batch) (refunded []lattice.Prefix) {
	at := CursorOf(b.Cursor())
	for i := range s.Refunds {
		r := &s.Refunds[i]
		if r.Next.Destination != b.Destination || r.Next.Cursor.Height != at.Height || !bytes.Equal(r.Next.Cursor.Hash, at.Hash) {
			continue
		}
		refunded = append(refunded, r.Next.Prefix())
		if b.Previous.Height <= max(r.Until.Height, s.confirmed(b.Destination)) {
			r.Next.Cursor = Cursor{}
		} else {
			r.Next.Cursor = CursorOf(b.Previous)
		}
	}
	return refunded
}

// confirmed height of a destination: its batches up to there were taken, whatever is said later.
func (s *Settlement) confirmed(destination string) uint64 {
	for _, t := range s.Confirmed {
		if t.Destination == destination {
			return t.Cursor.Height
		}
	}
	return 0
}

// Due batches for destinations, which the shard does not have: those that are owed next, and those that are refunded next.
func (s *Settlement) Due() (due []Taken) {
	for _, d := range s.Debts {
		if d.Cursor.Height > 0 {
			due = append(due, d)
		}
	}
	for _, r := range s.Refunds {
		if r.Next.Cursor.Height > 0 {
			due = append(due, r.Next)
		}
	}
	return due
}

// Done tells whether all shards of a table but the own one, and the main chain where there is one, have said what they took, and nothing is owed or to be refunded.
func (s *Settlement) Done(table trie.Table, own, main string) bool {
	if main != "" && !s.HasHeard(main) {
		return false
	}
	for _, r := range table {
		if r.Name != own && !s.Covers(r.Prefix, main) {
			return false
		}
	}
	return len(s.Due()) == 0
}

// ReturnID of a receipt that goes back.
func ReturnID(encoded []byte) []byte {
	id := sha256.Sum256(encoded)
	return id[:]
}

// ShareReturned receipts between the two children of a shard, of which the second one's accounts have a prefix: each child keeps those that its accounts could not take, and as much of what was overdrawn as these are; all else is the first one's.
func (gs *GenesisState) ShareReturned(second lattice.Prefix, isSecond bool) error {
	var seconds sdk.Coins
	kept := []Returned{}
	for _, r := range gs.Returned {
		one, err := receipt.DecodeOne(r.Receipt)
		if err != nil {
			return err
		}
		is := second.Holds(lattice.BucketOf(one.To))
		if is {
			// Of other coins nothing is overdrawn.
			seconds = seconds.Add(Coins(lattice.Balance{Utop: one.Amount.Utop}).MulInt(math.NewIntFromUint64(uint64(r.Times)))...)
		}
		if is == isSecond {
			kept = append(kept, r)
		}
	}
	gs.Returned = kept
	if isSecond {
		gs.Overdrawn = seconds
		return nil
	}
	rest, less := gs.Overdrawn.SafeSub(seconds...)
	if less {
		return fmt.Errorf("%s is overdrawn, and %s of it was returned", gs.Overdrawn, seconds)
	}
	gs.Overdrawn = rest
	return nil
}

// validateSettlements tells what is wrong with what genesis says of frozen parents.
func (gs *GenesisState) validateSettlements() error {
	seen := map[string]bool{}
	for _, s := range gs.Settlements {
		if trie.CheckName(s.Parent) != nil || seen[s.Parent] || len(s.FinalHash) != lattice.HashSize {
			return fmt.Errorf("settlements: %q is there twice, is no ledger, or has a final hash of %d bytes", s.Parent, len(s.FinalHash))
		}
		seen[s.Parent] = true
		refunds := make([]Taken, len(s.Refunds))
		for i, r := range s.Refunds {
			refunds[i] = r.Next
			if _, err := r.Until.Receipt(); err != nil {
				return fmt.Errorf("settlements: %s: refunds: %w", s.Parent, err)
			}
		}
		for _, list := range [][]Taken{s.Sent, s.Debts, s.Confirmed, refunds} {
			for _, t := range list {
				if _, err := t.Cursor.Receipt(); err != nil {
					return fmt.Errorf("settlements: %s: %w", s.Parent, err)
				}
				if err := t.Prefix().Check(); err != nil || trie.CheckName(t.Destination) != nil {
					return fmt.Errorf("settlements: %s: %q of bits %d/%d is no ledger's", s.Parent, t.Destination, t.PrefixBits, t.PrefixLen)
				}
			}
		}
		for _, h := range s.Heard {
			if err := h.Prefix().Check(); err != nil || trie.CheckName(h.Ledger) != nil {
				return fmt.Errorf("settlements: %s: %q of bits %d/%d has said nothing", s.Parent, h.Ledger, h.PrefixBits, h.PrefixLen)
			}
		}
	}
	clear(seen)
	for _, r := range gs.Returned {
		one, err := receipt.DecodeOne(r.Receipt)
		if err != nil || !one.Return || r.Times == 0 || seen[string(r.Receipt)] {
			return fmt.Errorf("returned: a receipt %d times that is there twice, or is no return: %w", r.Times, err)
		}
		seen[string(r.Receipt)] = true
	}
	clear(seen)
	for _, b := range gs.Overdrafts {
		if _, err := sendtx.Address(b.Address); err != nil || seen[b.Address] || checkCoins(b.Coins) != nil || b.Coins.IsZero() || len(gs.Settlements) == 0 {
			return fmt.Errorf("overdrafts: %s of %q: want coins of an address that is there once, while a settlement is not done (%w)", b.Coins, b.Address, err)
		}
		seen[b.Address] = true
	}
	if err := checkCoins(gs.Overdrawn); err != nil {
		return fmt.Errorf("overdrawn: %w", err)
	}
	return nil
}
