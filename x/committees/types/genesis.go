package types

import (
	"bytes"

	cmtcrypto "github.com/cometbft/cometbft/crypto"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/internal/account"
)

// DefaultGenesisState leaves the first committee to x/staking's bonded validators.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{Params: DefaultParams(), Terms: []Term{}, Tokens: []Tokens{}, Works: []EpochWork{}}
}

// Validate checks every record and their order.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	if err := checkMembers(gs.Committee.Members); err != nil {
		return err
	}
	if len(gs.Committee.Members) == 0 && (len(gs.Terms) > 0 || len(gs.Tokens) > 0) {
		return errorsmod.Wrap(ErrInvalid, "there is a history and no committee: export both, or give neither")
	}
	for i, t := range gs.Terms {
		if i > 0 && (gs.Terms[i-1].FirstHeight >= t.FirstHeight || gs.Terms[i-1].Epoch > t.Epoch) {
			return errorsmod.Wrap(ErrInvalid, "terms are not in ascending order of heights and epochs")
		}
		if t.FirstHeight < 1 || len(t.Members) == 0 {
			return errorsmod.Wrapf(ErrInvalid, "a term of %d members from height %d on: want members, and a height of 1 at least", len(t.Members), t.FirstHeight)
		}
		if err := checkMembers(t.Members); err != nil {
			return err
		}
	}
	if err := gs.checkLast(); err != nil {
		return err
	}
	recorded := map[string]bool{}
	for i, t := range gs.Tokens {
		if err := account.Check(ErrInvalid, "operator", t.Operator); err != nil {
			return err
		}
		if t.Height < 0 {
			return errorsmod.Wrapf(ErrInvalid, "tokens of %s at height %d", t.Operator, t.Height)
		}
		recorded[t.Operator] = true
		if i > 0 && !before(gs.Tokens[i-1], t) {
			return errorsmod.Wrap(ErrInvalid, "tokens are not in ascending order of operators and heights")
		}
	}
	for _, m := range gs.Committee.Members {
		if !recorded[m.Operator] {
			return errorsmod.Wrapf(ErrInvalid, "no tokens of member %s: punishment goes by them; export both", m.Operator)
		}
	}
	for i, w := range gs.Works {
		if i > 0 && gs.Works[i-1].Epoch >= w.Epoch {
			return errorsmod.Wrap(ErrInvalid, "works are not in ascending order of epochs")
		}
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkLast holds the committee against the term that it serves.
func (gs GenesisState) checkLast() error {
	if len(gs.Committee.Members) == 0 {
		return nil
	}
	if len(gs.Terms) == 0 {
		return errorsmod.Wrap(ErrInvalid, "the committee has no term")
	}
	if err := gs.Committee.Line.check(); err != nil {
		return err
	}
	last := gs.Terms[len(gs.Terms)-1]
	if last.FirstHeight != gs.Committee.FirstHeight || last.Epoch > gs.Committee.Epoch || len(Updates(last.Members, gs.Committee.Members)) > 0 {
		return errorsmod.Wrapf(ErrInvalid, "the last term begins at height %d with %d members, the committee at %d with %d",
			last.FirstHeight, len(last.Members), gs.Committee.FirstHeight, len(gs.Committee.Members))
	}
	return nil
}

func before(a, b Tokens) bool {
	return a.Operator < b.Operator || a.Operator == b.Operator && a.Height < b.Height
}

func (w EpochWork) check() error {
	for i, m := range w.Works {
		if len(m.Address) != cmtcrypto.AddressSize {
			return errorsmod.Wrapf(ErrInvalid, "a work of epoch %d is of an address of %d bytes, want %d of a consensus key", w.Epoch, len(m.Address), cmtcrypto.AddressSize)
		}
		if m.Operator != "" {
			if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
				return err
			}
		}
		if m.Signed > m.Due || m.Due > w.Commits || (i > 0 && bytes.Compare(w.Works[i-1].Address, m.Address) >= 0) {
			return errorsmod.Wrapf(ErrInvalid, "the work of %s in epoch %d: %d signed of %d due of %d commits", m.Operator, w.Epoch, m.Signed, m.Due, w.Commits)
		}
	}
	return nil
}
