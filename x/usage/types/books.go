package types

import (
	"encoding/hex"

	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// Open is the part of a credit that is not spent, released, on its way back or allotted.
func (c Credit) Open() (uint64, error) {
	open := c.Credited
	for _, part := range []uint64{c.Spent, c.Released, c.Releasing, c.Allotted} {
		if part > open {
			return 0, errorsmod.Wrapf(ErrInvariant, "credit of %s: spent %d + released %d + releasing %d + allotted %d exceed %d",
				c.Owner, c.Spent, c.Released, c.Releasing, c.Allotted, c.Credited)
		}
		open -= part
	}
	return open, nil
}

// Waiting tells whether a settlement is to be sent again.
func (s Settlement) Waiting() bool {
	return s.Status == SettlementStatus_SETTLEMENT_STATUS_TIMED_OUT || s.Status == SettlementStatus_SETTLEMENT_STATUS_REFUSED
}

// Reserves tells whether a claim's debits are reserved and not yet spent.
func (c Claim) Reserves() bool {
	return c.Status == ClaimStatus_CLAIM_STATUS_CLAIMED || c.Status == ClaimStatus_CLAIM_STATUS_CHALLENGED
}

// sums add up amounts by name.
type sums map[string]uint64

func (s sums) add(name string, amount uint64) (err error) {
	s[name], err = billingtypes.Add(s[name], amount)
	return err
}

func keyName(owner string, key []byte) string { return owner + "/" + hex.EncodeToString(key) }

func lineName(owner, provider string, key []byte) string {
	return owner + "/" + provider + "/" + hex.EncodeToString(key)
}

// CheckBooks holds credits, session keys, sub-lines and claims against each other; an error names what does not add up.
func (gs GenesisState) CheckBooks() error {
	for _, check := range []func() error{gs.checkCredits, gs.checkKeys, gs.checkReservations} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkCredits: what is allotted lies on sub-lines, what is spent was spent by session keys.
func (gs GenesisState) checkCredits() error {
	allotted, spent := sums{}, sums{}
	for _, l := range gs.SubLines {
		held, err := l.Held()
		if err != nil {
			return err
		}
		if err := allotted.add(l.Owner, held); err != nil {
			return err
		}
	}
	for _, s := range gs.KeySpendings {
		if err := spent.add(s.Owner, s.Spent); err != nil {
			return err
		}
	}
	for _, c := range gs.Credits {
		if _, err := c.Open(); err != nil {
			return err
		}
		if c.Allotted != allotted[c.Owner] || c.Spent != spent[c.Owner] {
			return errorsmod.Wrapf(ErrInvariant, "credit of %s: allotted %d and spent %d, its sub-lines say %d, its keys %d",
				c.Owner, c.Allotted, c.Spent, allotted[c.Owner], spent[c.Owner])
		}
	}
	return nil
}

// checkKeys: what a session key promised lies on its sub-lines. Those that were closed spent, too.
func (gs GenesisState) checkKeys() error {
	allotted, reserved, spent := sums{}, sums{}, sums{}
	for _, l := range gs.SubLines {
		key := keyName(l.Owner, l.SessionKey)
		for _, part := range []struct {
			of     sums
			amount uint64
		}{{allotted, l.Amount}, {allotted, l.Reclaiming}, {reserved, l.Reserved}, {spent, l.Spent}} {
			if err := part.of.add(key, part.amount); err != nil {
				return err
			}
		}
	}
	for _, s := range gs.KeySpendings {
		key := keyName(s.Owner, s.Key)
		if s.Allotted != allotted[key] || s.Reserved != reserved[key] || s.Spent < spent[key] {
			return errorsmod.Wrapf(ErrInvariant, "key %s: %d utop allotted, %d reserved, %d spent; its sub-lines say %d, %d, %d",
				key, s.Allotted, s.Reserved, s.Spent, allotted[key], reserved[key], spent[key])
		}
		delete(allotted, key)
	}
	for _, l := range gs.SubLines {
		if _, unsummed := allotted[keyName(l.Owner, l.SessionKey)]; unsummed {
			return errorsmod.Wrapf(ErrInvariant, "sub-line %s to %s: its key %x is not summed", l.Owner, l.Provider, l.SessionKey)
		}
	}
	return nil
}

// checkReservations: what sub-lines have reserved, open claims debit.
func (gs GenesisState) checkReservations() error {
	debited := sums{}
	for _, c := range gs.Claims {
		if !c.Reserves() {
			continue
		}
		for _, d := range c.Debits {
			if err := debited.add(lineName(d.Payer, c.Provider, d.SessionKey), d.Amount); err != nil {
				return err
			}
		}
	}
	for _, l := range gs.SubLines {
		line := lineName(l.Owner, l.Provider, l.SessionKey)
		if l.Reserved != debited[line] {
			return errorsmod.Wrapf(ErrInvariant, "sub-line %s: %d utop are reserved, claims debit %d", line, l.Reserved, debited[line])
		}
		delete(debited, line)
	}
	for _, c := range gs.Claims {
		for _, d := range c.Debits {
			if amount, missing := debited[lineName(d.Payer, c.Provider, d.SessionKey)]; missing && c.Reserves() {
				return errorsmod.Wrapf(ErrInvariant, "claim of %s for epoch %d: %d utop of %s have no sub-line", c.Provider, c.Epoch, amount, d.Payer)
			}
		}
	}
	return nil
}
