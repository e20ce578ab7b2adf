package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/internal/account"
)

// DefaultGenesisState is a chain that nobody has founded yet; `topserviced launch` fills in what it is.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), Chain: Chain{EpochBlocks: billingtypes.DefaultEpochBlocks}, Credits: []Credit{}, SubLines: []SubLine{}, KeySpendings: []KeySpending{},
		Providers: []Provider{}, Claims: []Claim{}, Settlements: []Settlement{}, Activities: []Activity{},
	}
}

// Validate checks every record and that the books add up.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	if gs.Chain.EpochBlocks == 0 {
		return errorsmod.Wrap(ErrInvalid, "epoch_blocks is 0: it must equal the main chain's")
	}
	if err := gs.Params.CheckWindows(gs.Chain.EpochBlocks); err != nil {
		return err
	}
	if gs.Chain.Operator != "" {
		if err := account.Check(ErrInvalid, "operator", gs.Chain.Operator); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	once := func(key string) error {
		if seen[key] {
			return errorsmod.Wrapf(ErrInvalid, "%s stands twice", key)
		}
		seen[key] = true
		return nil
	}
	for _, c := range gs.Credits {
		if err := account.Check(ErrInvalid, "owner", c.Owner); err != nil {
			return err
		}
		if err := once("credit " + c.Owner); err != nil {
			return err
		}
		for _, s := range c.SessionKeys {
			if err := checkSessionKey(s.Key); err != nil {
				return err
			}
			if err := once("session key " + keyName(c.Owner, s.Key)); err != nil {
				return err
			}
		}
	}
	for _, s := range gs.SubLines {
		if err := once("sub-line " + lineName(s.Owner, s.Provider, s.SessionKey)); err != nil {
			return err
		}
		if err := checkSessionKey(s.SessionKey); err != nil {
			return err
		}
		if !seen["credit "+s.Owner] {
			return errorsmod.Wrapf(ErrInvalid, "sub-line of %s without credit", s.Owner)
		}
	}
	for _, s := range gs.KeySpendings {
		if err := once("key " + keyName(s.Owner, s.Key)); err != nil {
			return err
		}
	}
	for _, p := range gs.Providers {
		if err := account.Check(ErrInvalid, "provider", p.Address); err != nil {
			return err
		}
		if err := once("provider " + p.Address); err != nil {
			return err
		}
	}
	for _, a := range gs.Activities {
		if err := account.Check(ErrInvalid, "account", a.Account); err != nil {
			return err
		}
		if err := once("activity of " + a.Account); err != nil {
			return err
		}
	}
	for _, c := range gs.Claims {
		if err := c.checkDebitRoot(); err != nil {
			return err
		}
		if err := c.checkChallenge(); err != nil {
			return err
		}
	}
	if gs.Seed != nil {
		if err := gs.Seed.Validate(); err != nil {
			return err
		}
	}
	return gs.CheckBooks()
}

// checkDebitRoot holds the debits of a claim that is or was on its way to a settlement against what the settlement commits to.
func (c Claim) checkDebitRoot() error {
	if len(c.Debits) == 0 && (c.Reserves() || c.Status == ClaimStatus_CLAIM_STATUS_PROVEN) {
		return errorsmod.Wrapf(ErrInvalid, "claim of %s for epoch %d is %s and has no debits", c.Provider, c.Epoch, c.Status)
	}
	if c.Reserves() || len(c.Debits) == 0 {
		return nil
	}
	debits, err := c.ClaimDebits()
	if err != nil {
		return err
	}
	if root := debits.Root(); !bytes.Equal(c.DebitRoot, root[:]) {
		return errorsmod.Wrapf(ErrInvalid, "claim of %s for epoch %d: its debits have the root %x, debit_root is %x", c.Provider, c.Epoch, root, c.DebitRoot)
	}
	return nil
}

// checkChallenge holds what was recorded for a claim's challenge against its status.
func (c Claim) checkChallenge() error {
	if len(c.Root) != 32 || c.CommittedTime < 0 || c.MainHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "claim of %s for epoch %d: root of %d bytes, committed at %d ns and main height %d", c.Provider, c.Epoch, len(c.Root), c.CommittedTime, c.MainHeight)
	}
	if c.Status == ClaimStatus_CLAIM_STATUS_CHALLENGED && len(c.Seed) != 32 {
		return errorsmod.Wrapf(ErrInvalid, "claim of %s for epoch %d is challenged by a seed of %d bytes, want 32", c.Provider, c.Epoch, len(c.Seed))
	}
	return nil
}
