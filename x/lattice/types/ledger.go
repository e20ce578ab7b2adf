package types

import (
	"crypto/ed25519"
	"fmt"
	"math"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// MaxMembers of a committee whose headers a shard reads.
const MaxMembers = 200

// BatchKeys of batches that wait: their destination, and the height that made them.
var BatchKeys = collections.PairKeyCodec(collections.StringKey, collections.Uint64Key)

// BatchKey of a batch's hash (protocol/receipt, Hash) in the store of the chain that sends the batch.
func BatchKey(destination string, height uint64) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(HashesKey, BatchKeys, collections.Join(destination, height))
}

// InboxName of the batches that a source has addressed to a destination, which a ledger takes: the destination itself, or a child of it.
func InboxName(source, destination, taker string) string {
	if destination == taker {
		return source
	}
	return source + ">" + destination
}

// InboxKey of an inbox by its name, in the store of the chain that takes the batches.
func InboxKey(name string) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(InboxesKey, collections.StringKey, name)
}

// Receipt cursor.
func (c Cursor) Receipt() (receipt.Cursor, error) {
	out := receipt.Cursor{Height: c.Height}
	if c.Height == 0 && len(c.Hash) == 0 {
		return out, nil
	}
	if c.Height == 0 || len(c.Hash) != lattice.HashSize {
		return out, fmt.Errorf("a cursor of height %d with a hash of %d bytes", c.Height, len(c.Hash))
	}
	copy(out.Hash[:], c.Hash)
	return out, nil
}

// CursorOf a pair.
func CursorOf(c receipt.Cursor) Cursor {
	if c.Height == 0 {
		return Cursor{}
	}
	return Cursor{Height: c.Height, Hash: c.Hash[:]}
}

// Validate tells whether headers can be held against them.
func (m Members) Validate() error {
	switch {
	case trie.CheckName(m.Ledger) != nil:
		return fmt.Errorf("members: %w", trie.CheckName(m.Ledger))
	case m.Term == 0:
		return fmt.Errorf("members of %s: term is 0, terms are counted from 1 on", m.Ledger)
	case m.Power <= 0 || m.Power > math.MaxInt64/MaxMembers/8:
		return fmt.Errorf("members of %s: power is %d, want a positive one that sums up", m.Ledger, m.Power)
	case len(m.Keys) == 0 || len(m.Keys) > MaxMembers:
		return fmt.Errorf("members of %s: there are %d, want 1 to %d", m.Ledger, len(m.Keys), MaxMembers)
	}
	seen := make(map[string]bool, len(m.Keys))
	for _, key := range m.Keys {
		if len(key) != ed25519.PublicKeySize || seen[string(key)] {
			return fmt.Errorf("members of %s: key %X is twice there, or not of %d bytes", m.Ledger, key, ed25519.PublicKeySize)
		}
		seen[string(key)] = true
	}
	return nil
}

// validateLedgers tells what is wrong with what genesis says of other ledgers.
func (gs *GenesisState) validateLedgers() error {
	terms := map[string]uint64{}
	for _, m := range gs.Members {
		if err := m.Validate(); err != nil {
			return err
		}
		if m.Term <= terms[m.Ledger] {
			return fmt.Errorf("members of %s: term %d stands after term %d", m.Ledger, m.Term, terms[m.Ledger])
		}
		terms[m.Ledger] = m.Term
	}
	if err := ValidateBoxes(gs.Inboxes, gs.Outboxes); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range gs.Standings {
		if err := trie.CheckName(s.Ledger); err != nil || seen[s.Ledger] {
			return fmt.Errorf("standings: %q is there twice, or is no ledger", s.Ledger)
		}
		seen[s.Ledger] = true
		for _, hash := range [][]byte{s.AuditedHash, s.FinalHash} {
			if len(hash) != 0 && len(hash) != lattice.HashSize {
				return fmt.Errorf("standings: %s has a hash of %d bytes, want %d", s.Ledger, len(hash), lattice.HashSize)
			}
		}
		for _, t := range s.Taken {
			if _, err := t.Cursor.Receipt(); err != nil || t.Prefix().Check() != nil {
				return fmt.Errorf("standings: %s: what was taken for %q of bits %d/%d: %w", s.Ledger, t.Destination, t.PrefixBits, t.PrefixLen, err)
			}
		}
	}
	if err := gs.validateSettlements(); err != nil {
		return err
	}
	return ValidateProgress(gs.Unaudited, gs.Confirmed)
}

// ValidateBoxes of a ledger: each pair is there once, in order.
func ValidateBoxes(inboxes []NamedInbox, outboxes []NamedOutbox) error {
	seen := map[string]bool{}
	for _, i := range inboxes {
		if _, err := i.Inbox.Taken.Receipt(); err != nil {
			return fmt.Errorf("inboxes: %s: %w", i.Source, err)
		}
		if _, _, part, err := CutPart(i.Source); err != nil {
			return fmt.Errorf("inboxes: %w", err)
		} else if part && len(i.Inbox.Total) > 0 {
			return fmt.Errorf("inboxes: %q has a total of its own: it is in that of the whole", i.Source)
		}
		if seen[i.Source] {
			return fmt.Errorf("inboxes: %q is there twice", i.Source)
		}
		if err := checkTotal(i.Inbox.Total); err != nil {
			return fmt.Errorf("inboxes: %s: %w", i.Source, err)
		}
		seen[i.Source] = true
	}
	clear(seen)
	for _, o := range outboxes {
		if seen[o.Destination] {
			return fmt.Errorf("outboxes: %q is there twice", o.Destination)
		}
		if err := o.Validate(); err != nil {
			return fmt.Errorf("outboxes: %s: %w", o.Destination, err)
		}
		seen[o.Destination] = true
	}
	return nil
}

// ValidateProgress of auditors and of children: each is told once.
func ValidateProgress(unaudited []Unaudited, confirmed []Confirmed) error {
	seen := map[string]bool{}
	sums := map[string]uint64{}
	for _, u := range unaudited {
		key := fmt.Sprint(u.Source, " ", u.Height)
		if err := trie.CheckName(u.Source); err != nil || seen[key] || u.Utop == 0 || sums[u.Source]+u.Utop < u.Utop {
			return fmt.Errorf("unaudited: %dutop of %q at height %d: want one sum of each height, above zero", u.Utop, u.Source, u.Height)
		}
		seen[key] = true
		sums[u.Source] += u.Utop
	}
	clear(seen)
	for _, c := range confirmed {
		key := c.Destination + " " + c.Child
		if _, err := c.Cursor.Receipt(); err != nil || seen[key] || trie.CheckName(c.Destination) != nil || trie.CheckName(c.Child) != nil {
			return fmt.Errorf("confirmed: %q for %q is there twice, or is no cursor", c.Child, c.Destination)
		}
		seen[key] = true
	}
	return nil
}

// checkTotal of a box: utop or nothing.
func checkTotal(total sdk.Coins) error {
	if err := checkCoins(total); err != nil {
		return err
	}
	if len(total) > 1 || len(total) == 1 && total[0].Denom != sendtx.Utop {
		return fmt.Errorf("its total is %s, want one of %s", total, sendtx.Utop)
	}
	return nil
}

// checkCoins of a state: the library panics over one without an amount.
func checkCoins(coins sdk.Coins) error {
	for _, c := range coins {
		if c.Amount.IsNil() {
			return fmt.Errorf("%.100q has no amount", c.Denom)
		}
	}
	return coins.Validate()
}

// Validate that the batches which wait are those between what is confirmed and what was sent last.
func (o *NamedOutbox) Validate() error {
	at, err := o.Outbox.Confirmed.Receipt()
	if err != nil {
		return err
	}
	sent, err := o.Outbox.Sent.Receipt()
	if err != nil {
		return err
	}
	for _, encoded := range o.Batches {
		batch, err := receipt.Decode(encoded)
		if err != nil {
			return err
		}
		if batch.Destination != o.Destination {
			return fmt.Errorf("a batch for %s", batch.Destination)
		}
		if at, err = at.Take(&batch); err != nil {
			return err
		}
	}
	if at != sent || o.Outbox.Waiting != uint64(len(o.Batches)) {
		return fmt.Errorf("%d batches up to height %d, %d wait up to %d", len(o.Batches), at.Height, o.Outbox.Waiting, sent.Height)
	}
	return checkTotal(o.Outbox.Total)
}
