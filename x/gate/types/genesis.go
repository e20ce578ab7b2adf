package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/trie"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// DefaultGenesisState has given nothing to shards.
func DefaultGenesisState() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate tells what is wrong, but for what the rest of the chain says.
func (gs *GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	for _, i := range gs.Inboxes {
		if err := trie.CheckName(i.Source); err != nil {
			return errorsmod.Wrapf(ErrInvalid, "inboxes: %s", err)
		}
	}
	for _, o := range gs.Outboxes {
		if err := trie.CheckName(o.Destination); err != nil {
			return errorsmod.Wrapf(ErrInvalid, "outboxes: %s", err)
		}
	}
	if err := latticetypes.ValidateBoxes(gs.Inboxes, gs.Outboxes); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if err := latticetypes.ValidateProgress(gs.Unaudited, gs.Confirmed); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	for _, c := range []struct {
		name     string
		receipts [][]byte
	}{{"queue", gs.Queue}, {"leaving", gs.Leaving}} {
		var sum uint64
		for i, encoded := range c.receipts {
			r, err := receipt.DecodeOne(encoded)
			if err != nil {
				return errorsmod.Wrapf(ErrInvalid, "%s: receipt %d: %s", c.name, i, err)
			}
			if len(r.Amount.Coins) > 0 || sum+r.Amount.Utop < sum {
				return errorsmod.Wrapf(ErrInvalid, "%s: receipt %d brings another coin than utop, or too much", c.name, i)
			}
			sum += r.Amount.Utop
		}
	}
	return nil
}
