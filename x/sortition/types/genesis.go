package types

import (
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/internal/account"
)

// SeedSize in bytes.
const SeedSize = len(sortition.Seed{})

// DefaultGenesisState has a seed of zeros: whoever writes a genesis replaces it by one that nobody chose.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{Params: DefaultParams(), Seed: make([]byte, SeedSize), Records: []GenesisRecord{}, Elections: []Election{}, Published: []PublishedSeed{}}
}

// Validate checks every record and their order.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(gs.Devnet); err != nil {
		return err
	}
	if len(gs.Seed) != SeedSize {
		return errorsmod.Wrapf(ErrInvalid, "seed has %d bytes, want %d", len(gs.Seed), SeedSize)
	}
	for i, g := range gs.Records {
		if i > 0 && gs.Records[i-1].Record.Epoch >= g.Record.Epoch {
			return errorsmod.Wrap(ErrInvalid, "records are not in ascending order of their epochs")
		}
		if err := g.Validate(); err != nil {
			return err
		}
	}
	for i, e := range gs.Elections {
		if i > 0 && gs.Elections[i-1].Epoch >= e.Epoch {
			return errorsmod.Wrap(ErrInvalid, "elections are not in ascending order of their epochs")
		}
		if err := e.Validate(); err != nil {
			return err
		}
	}
	return gs.validatePublished()
}

// validatePublished checks that every published seed names the one before.
func (gs GenesisState) validatePublished() error {
	var last PublishedSeed
	for i, p := range gs.Published {
		if err := p.Validate(); err != nil {
			return err
		}
		if i > 0 && last.Epoch >= p.Epoch || p.Previous() != last.Sealing() {
			return errorsmod.Wrapf(ErrInvalid, "the published seed of epoch %d does not follow that of epoch %d", p.Epoch, last.Epoch)
		}
		last = p
	}
	return nil
}

// Validate checks a record's form. That it is the one that its proofs make is what Invariants checks.
func (g GenesisRecord) Validate() error {
	r := g.Record
	if len(r.Seed) != SeedSize || len(r.Alpha) != SeedSize || int(r.Decided) > len(r.Sealers) || r.Proofs != uint64(len(g.Proofs)) ||
		(len(r.Digest) != 0 && len(r.Digest) != SeedSize) || (len(r.NextSeed) != 0 && len(r.NextSeed) != SeedSize) {
		return errorsmod.Wrapf(ErrInvalid, "the record of epoch %d is malformed", r.Epoch)
	}
	outputs := map[string]bool{}
	for i, p := range g.Proofs {
		if i > 0 && g.Proofs[i-1].Operator >= p.Operator {
			return errorsmod.Wrapf(ErrInvalid, "proofs of epoch %d are not in ascending order of operators", r.Epoch)
		}
		if len(p.Key) != ecvrf.PublicKeySize || len(p.Proof) != ecvrf.ProofSize || len(p.Output) != ecvrf.OutputSize {
			return errorsmod.Wrapf(ErrInvalid, "the proof of %s for epoch %d is malformed", p.Operator, r.Epoch)
		}
		if outputs[string(p.Output)] {
			return errorsmod.Wrapf(ErrInvalid, "the output of %s for epoch %d is another's too: each key counts once", p.Operator, r.Epoch)
		}
		outputs[string(p.Output)] = true
	}
	if len(r.Digest) == 0 && r.Decided > 0 || len(r.NextSeed) > 0 && int(r.Decided) < len(r.Sealers) {
		return errorsmod.Wrapf(ErrInvalid, "%d of %d sealers of epoch %d are decided, before the close, or not all before the next seed", r.Decided, len(r.Sealers), r.Epoch)
	}
	for i, s := range r.Sealers {
		decided := i < int(r.Decided)
		sealed := decided && !s.Absent
		if len(s.Key) != ecvrf.PublicKeySize || decided != (len(s.Chain) == SeedSize) || !decided && len(s.Chain) != 0 ||
			sealed != (len(s.Proof) == ecvrf.ProofSize) || !sealed && len(s.Proof) != 0 {
			return errorsmod.Wrapf(ErrInvalid, "sealer %d of epoch %d is malformed", i, r.Epoch)
		}
	}
	return nil
}

// Validate checks an election's form: who is drawn is drawn once.
func (e Election) Validate() error {
	if len(e.Seed) != SeedSize {
		return errorsmod.Wrapf(ErrInvalid, "the seed of the election for epoch %d has %d bytes, want %d", e.Epoch, len(e.Seed), SeedSize)
	}
	drawn := map[string]bool{}
	for _, operator := range slices.Concat(e.Members, e.Standbys) {
		if err := account.Check(ErrInvalid, "elected", operator); err != nil {
			return err
		}
		if drawn[operator] {
			return errorsmod.Wrapf(ErrInvalid, "the election for epoch %d names %s twice", e.Epoch, operator)
		}
		drawn[operator] = true
	}
	return nil
}
