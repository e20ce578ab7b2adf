package types

import (
	errorsmod "cosmossdk.io/errors"
)

// DefaultGenesisState has no shards.
func DefaultGenesisState() *GenesisState { return &GenesisState{Tables: []RoutingTable{}} }

// Validate checks every table and their order.
func (gs GenesisState) Validate() error {
	if len(gs.Tables) > MaxTables {
		return errorsmod.Wrapf(ErrInvalid, "%d routing tables, at most %d are kept", len(gs.Tables), MaxTables)
	}
	for i, t := range gs.Tables {
		if err := t.Validate(); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if before := gs.Tables[i-1]; t.Version != before.Version+1 || t.SinceHeight < before.SinceHeight || t.ZoneBits != before.ZoneBits {
			return errorsmod.Wrapf(ErrInvalid, "routing table %d since height %d with %d bits of zones follows table %d since height %d with %d: want versions one by one, ascending heights, the same zones",
				t.Version, t.SinceHeight, t.ZoneBits, before.Version, before.SinceHeight, before.ZoneBits)
		}
	}
	return nil
}
