package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition"
)

// Sealing is when the making of the seed began that nobody could foretell.
func (p PublishedSeed) Sealing() sortition.Moment {
	return sortition.Moment{Height: p.SealingHeight, Time: p.SealingTime}
}

// Previous is the sealing of the seed published before.
func (p PublishedSeed) Previous() sortition.Moment {
	return sortition.Moment{Height: p.PreviousHeight, Time: p.PreviousTime}
}

// Validate checks a seed's form.
func (p PublishedSeed) Validate() error {
	if len(p.Seed) != SeedSize || !p.Previous().Before(p.Sealing()) {
		return errorsmod.Wrapf(ErrInvalid, "the published seed of epoch %d: %d bytes, sealed from %v on, the one before from %v on", p.Epoch, len(p.Seed), p.Sealing(), p.Previous())
	}
	return nil
}
