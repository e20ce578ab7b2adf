package types

import (
	"crypto/ed25519"
	"math"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// maxPower keeps the sum of any validator set far below CometBFT's limit (2^63 / 8).
const maxPower = math.MaxInt64 / 8 / 10_000

// DefaultGenesisState has no operators: a chain's founder lists them (`topserviced launch`).
func DefaultGenesisState() *GenesisState { return &GenesisState{Operators: []Operator{}} }

// Validate checks each operator, their order and that no key is used twice.
func (gs GenesisState) Validate() error {
	keys := map[string]string{}
	last := ""
	for _, o := range gs.Operators {
		if err := o.Validate(); err != nil {
			return err
		}
		if o.Address <= last {
			return errorsmod.Wrapf(ErrInvalidGenesis, "operators are not sorted by address, or %s stands twice", o.Address)
		}
		last = o.Address
		if other, ok := keys[string(o.ConsensusKey)]; ok {
			return errorsmod.Wrapf(ErrInvalidGenesis, "operators %s and %s share a consensus key", other, o.Address)
		}
		keys[string(o.ConsensusKey)] = o.Address
	}
	return nil
}

// Validate checks one operator.
func (o Operator) Validate() error {
	if _, err := sdk.AccAddressFromBech32(o.Address); err != nil {
		return errorsmod.Wrapf(ErrInvalidGenesis, "operator address %q: %s", o.Address, err)
	}
	if len(o.ConsensusKey) != ed25519.PublicKeySize {
		return errorsmod.Wrapf(ErrInvalidGenesis, "consensus key of %s has %d bytes, want %d", o.Address, len(o.ConsensusKey), ed25519.PublicKeySize)
	}
	if o.Power < 1 || o.Power > maxPower {
		return errorsmod.Wrapf(ErrInvalidGenesis, "power of %s is %d, want 1 to %d", o.Address, o.Power, int64(maxPower))
	}
	return nil
}
