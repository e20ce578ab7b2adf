package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/issuance"
)

// DefaultGenesisState begins the first year with the chain.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{Params: DefaultParams(), Years: []Year{}, Epochs: []EpochSplit{}}
}

// Begun tells whether issuance has a year.
func (gs GenesisState) Begun() bool { return gs.Clock.Year.Number > 0 }

// Validate checks every record, their order, and that what was issued is what years issue and where it went.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	if !gs.Begun() {
		if gs.Clock != (Clock{}) || len(gs.Years) > 0 || len(gs.Epochs) > 0 {
			return errorsmod.Wrap(ErrInvalid, "there is a history and no year: export both, or give neither")
		}
		return nil
	}
	if gs.Clock.BaseUtop > issuance.Ceiling {
		return errorsmod.Wrapf(ErrInvalid, "base_utop is %d, at most %d", gs.Clock.BaseUtop, uint64(issuance.Ceiling))
	}
	if err := gs.checkYears(); err != nil {
		return err
	}
	sum, err := gs.Clock.Split.Sum()
	if err != nil {
		return err
	}
	if issued := gs.Clock.Issued(); sum != issued {
		return errorsmod.Wrapf(ErrInvalid, "%d utop are issued, and the split has %d", issued, sum)
	}
	return gs.checkEpochs(sum)
}

// checkYears: they are numbered from 1 on, are over, and have issued what the running year finds.
func (gs GenesisState) checkYears() error {
	var issued uint64
	for i, y := range gs.Years {
		if err := y.check(); err != nil {
			return err
		}
		if y.Number != uint64(i)+1 || y.ElapsedNanos != y.Nanos {
			return errorsmod.Wrapf(ErrInvalid, "years[%d] is number %d with %d of %d ns: want every year that is over, from 1 on", i, y.Number, y.ElapsedNanos, y.Nanos)
		}
		if issued += y.Utop; issued > issuance.Ceiling {
			return errorsmod.Wrapf(ErrInvalid, "years issued more than %d utop", uint64(issuance.Ceiling))
		}
	}
	now := gs.Clock.Year
	if err := now.check(); err != nil {
		return err
	}
	if now.Number != uint64(len(gs.Years))+1 || now.ElapsedNanos == now.Nanos {
		return errorsmod.Wrapf(ErrInvalid, "year %d runs with %d of %d ns after %d years that are over", now.Number, now.ElapsedNanos, now.Nanos, len(gs.Years))
	}
	if gs.Clock.IssuedBefore != issued || now.Utop > issuance.Ceiling-issued {
		return errorsmod.Wrapf(ErrInvalid, "years issued %d utop, the clock has %d", issued, gs.Clock.IssuedBefore)
	}
	return nil
}

// checkEpochs: they are in order, and were issued no more than everything.
func (gs GenesisState) checkEpochs(issued uint64) error {
	for i, e := range gs.Epochs {
		if i > 0 && gs.Epochs[i-1].Epoch >= e.Epoch {
			return errorsmod.Wrap(ErrInvalid, "epochs are not in ascending order")
		}
		sum, err := e.Split.Sum()
		if err != nil {
			return err
		}
		if sum > issued {
			return errorsmod.Wrapf(ErrInvalid, "epoch %d and those before were issued more than everything", e.Epoch)
		}
		issued -= sum
	}
	return nil
}
