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

// Held is what a sub-line keeps from the owner's open credit.
func (s SubLine) Held() (uint64, error) {
	held, err := billingtypes.Add(s.Amount, s.Reserved)
	if err != nil {
		return 0, err
	}
	return billingtypes.Add(held, s.Reclaiming)
}

// CheckBooks holds credits, sub-lines, keys and claims against each other; an error names what does not add up.
func (gs GenesisState) CheckBooks() error {
	allotted, spent, reserved := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	keyReserved, keySpent := map[string]uint64{}, map[string]uint64{}
	add := func(m map[string]uint64, key string, v uint64) (err error) {
		m[key], err = billingtypes.Add(m[key], v)
		return err
	}
	for _, s := range gs.SubLines {
		held, err := s.Held()
		if err != nil {
			return err
		}
		if err := add(allotted, s.Owner, held); err != nil {
			return err
		}
		if err := add(spent, s.Owner, s.Spent); err != nil {
			return err
		}
		if err := add(reserved, s.Owner+"/"+s.Provider, s.Reserved); err != nil {
			return err
		}
	}
	for _, c := range gs.Credits {
		if _, err := c.Open(); err != nil {
			return err
		}
		if c.Allotted != allotted[c.Owner] || c.Spent != spent[c.Owner] {
			return errorsmod.Wrapf(ErrInvariant, "credit of %s: allotted %d and spent %d, its sub-lines say %d and %d",
				c.Owner, c.Allotted, c.Spent, allotted[c.Owner], spent[c.Owner])
		}
	}
	for _, c := range gs.Claims {
		if c.Status != ClaimStatus_CLAIM_STATUS_CLAIMED && c.Status != ClaimStatus_CLAIM_STATUS_CHALLENGED {
			continue
		}
		for _, d := range c.Debits {
			line := d.Payer + "/" + c.Provider
			if reserved[line] < d.Amount {
				return errorsmod.Wrapf(ErrInvariant, "claim of %s for epoch %d: %d utop of %s are not reserved", c.Provider, c.Epoch, d.Amount, d.Payer)
			}
			reserved[line] -= d.Amount
			if err := add(keyReserved, d.Payer+"/"+hex.EncodeToString(d.SessionKey), d.Amount); err != nil {
				return err
			}
		}
	}
	for _, s := range gs.SubLines {
		if left := reserved[s.Owner+"/"+s.Provider]; left != 0 {
			return errorsmod.Wrapf(ErrInvariant, "sub-line %s to %s: %d utop are reserved by no claim", s.Owner, s.Provider, left)
		}
	}
	for _, k := range gs.KeySpendings {
		key := k.Owner + "/" + hex.EncodeToString(k.Key)
		if k.Reserved != keyReserved[key] {
			return errorsmod.Wrapf(ErrInvariant, "key %s: %d utop reserved, claims reserve %d", key, k.Reserved, keyReserved[key])
		}
		if err := add(keySpent, k.Owner, k.Spent); err != nil {
			return err
		}
	}
	for _, c := range gs.Credits {
		if keySpent[c.Owner] != c.Spent {
			return errorsmod.Wrapf(ErrInvariant, "credit of %s: spent %d, its keys %d", c.Owner, c.Spent, keySpent[c.Owner])
		}
	}
	return nil
}
