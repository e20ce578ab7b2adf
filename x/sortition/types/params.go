package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition"
)

// bound of one parameter: what a public network needs, what a devnet may.
type bound struct {
	name                 string
	value                uint64
	public, devnet, most uint64
}

// DefaultParams are those of a public network; they need epochs of 101 blocks or more. Sixteen sealers: a third of the stake
// owns all of eight after some 2,900 epochs and keeps them, all of sixteen after tens of millions (sim/sortition).
func DefaultParams() Params {
	return Params{CollectBlocks: 20, Sealers: 16, SealBlocks: 5, MinMembers: 100, MaxMembers: 150, Standbys: 50, HistoryEpochs: 100}
}

// DevnetParams are scaled down to epochs of so many blocks: a third to collect in, and up to three sealers.
func DevnetParams(epochBlocks uint64) Params {
	p := DefaultParams()
	p.CollectBlocks = uint32(min(max(epochBlocks/3, 1), uint64(p.CollectBlocks)))
	room := max(epochBlocks, 3) - 1 - uint64(p.CollectBlocks)
	p.Sealers = uint32(min(3, max(room/4, 1)))
	p.SealBlocks = uint32(min(room/uint64(p.Sealers), uint64(p.SealBlocks)))
	p.MinMembers, p.MaxMembers, p.Standbys = 1, 21, 7
	return p
}

// Validate holds each parameter against its bounds.
func (p Params) Validate(devnet bool) error {
	for _, b := range []bound{
		{"collect_blocks", uint64(p.CollectBlocks), 20, 1, 100_000},
		{"sealers", uint64(p.Sealers), 4, 1, 32},
		{"seal_blocks", uint64(p.SealBlocks), 3, 1, 1_000},
		{"min_members", uint64(p.MinMembers), 100, 1, sortition.MaxSize},
		{"max_members", uint64(p.MaxMembers), uint64(p.MinMembers), uint64(p.MinMembers), sortition.MaxSize},
		{"standbys", uint64(p.Standbys), 0, 0, sortition.MaxSize},
		// An election needs the record and the election before.
		{"history_epochs", p.HistoryEpochs, 4, 4, 10_000},
	} {
		least := b.public
		if devnet {
			least = b.devnet
		}
		if b.value < least || b.value > b.most {
			return errorsmod.Wrapf(ErrInvalid, "%s is %d, want %d to %d (less only where genesis says devnet)", b.name, b.value, least, b.most)
		}
	}
	return nil
}

// Fit tells whether collection and all sealers find room in an epoch, with one block for the election.
func (p Params) Fit(epochBlocks uint64) error {
	if need := uint64(p.CollectBlocks) + uint64(p.Sealers)*uint64(p.SealBlocks) + 1; need > epochBlocks {
		return errorsmod.Wrapf(ErrInvalid, "collect_blocks + sealers × seal_blocks + 1 is %d, an epoch has %d blocks: lower them, or make longer epochs in genesis", need, epochBlocks)
	}
	return nil
}
