package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/internal/account"
)

// million is a share of one.
const million = 1_000_000

// bound of one parameter: what a public network needs, what a devnet may.
type bound struct {
	name                 string
	value                uint64
	public, devnet, most uint64
}

// DefaultParams are those of a public network. Nothing splits or merges by itself.
func DefaultParams() Params {
	return Params{
		Members: 21, Standbys: 7, Auditors: 21, HistoryEpochs: 100, SplitEpochs: 3, MergeEpochs: 10, MinEpochsBetween: 10, MaxDepth: lattice.MaxPrefix, StallEpochs: 2, AbsenceBelow: million / 2,
	}
}

// DevnetParams are of committees of so many members, with as many auditors, that may split and merge in any epoch.
func DevnetParams(members uint32) Params {
	p := DefaultParams()
	p.Members, p.Standbys, p.Auditors, p.HistoryEpochs, p.MinEpochsBetween, p.StallEpochs = members, 0, members, 10, 0, 0
	return p
}

// Validate holds each parameter against its bounds.
func (p Params) Validate(devnet bool) error {
	for _, b := range []bound{
		{"members", uint64(p.Members), 21, 1, 1_000},
		{"standbys", uint64(p.Standbys), 1, 0, 1_000},
		{"auditors", uint64(p.Auditors), 21, 0, 1_000},
		{"history_epochs", p.HistoryEpochs, 4, 4, 10_000},
		{"split_epochs", uint64(p.SplitEpochs), 1, 1, 1_000},
		{"merge_epochs", uint64(p.MergeEpochs), 1, 1, 1_000},
		{"min_epochs_between", uint64(p.MinEpochsBetween), 2, 0, 10_000},
		{"max_depth", uint64(p.MaxDepth), 0, 0, lattice.MaxPrefix},
		{"stall_epochs", uint64(p.StallEpochs), 0, 0, 10_000},
		{"absence_below", p.AbsenceBelow, 0, 0, million},
	} {
		least := b.public
		if devnet {
			least = b.devnet
		}
		if b.value < least || b.value > b.most {
			return errorsmod.Wrapf(ErrInvalid, "%s is %d, want %d to %d (less only where x/sortition's genesis says devnet)", b.name, b.value, least, b.most)
		}
	}
	// A pair that merges would split again.
	if p.SplitLoad > 0 && p.MergeLoad >= p.SplitLoad {
		return errorsmod.Wrapf(ErrInvalid, "merge_load is %d, split_load %d: want it smaller, for what merges must not split again", p.MergeLoad, p.SplitLoad)
	}
	if p.Steward == "" {
		return nil
	}
	if !devnet {
		return errorsmod.Wrap(ErrInvalid, "steward is for devnets: on a public network governance alone splits, merges, freezes and restarts")
	}
	return account.Check(ErrInvalid, "steward", p.Steward)
}
