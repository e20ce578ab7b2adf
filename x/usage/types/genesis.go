package types

import (
	errorsmod "cosmossdk.io/errors"
)

// DefaultGenesisState is a chain that nobody has founded yet; `topserviced launch` fills in what it is.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), Chain: Chain{EpochBlocks: 1}, Credits: []Credit{}, SubLines: []SubLine{}, KeySpendings: []KeySpending{},
		Providers: []Provider{}, Claims: []Claim{}, Settlements: []Settlement{},
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
	if gs.Chain.Operator != "" {
		if err := checkAddress("operator", gs.Chain.Operator); err != nil {
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
		if err := checkAddress("owner", c.Owner); err != nil {
			return err
		}
		if err := once("credit " + c.Owner); err != nil {
			return err
		}
	}
	for _, s := range gs.SubLines {
		if err := once("sub-line " + s.Owner + " " + s.Provider); err != nil {
			return err
		}
		if !seen["credit "+s.Owner] {
			return errorsmod.Wrapf(ErrInvalid, "sub-line of %s without credit", s.Owner)
		}
	}
	for _, p := range gs.Providers {
		if err := checkAddress("provider", p.Address); err != nil {
			return err
		}
		if err := once("provider " + p.Address); err != nil {
			return err
		}
	}
	return gs.CheckBooks()
}
