package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/issuance"
	"github.com/topnetwork/top/x/internal/account"
)

var _ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)

const (
	top    = 1_000_000
	second = 1_000_000_000
)

// Bounds of the parameters; those of the schedule are protocol/issuance's.
const (
	maxYearSeconds = issuance.MaxYearNanos / second
	maxStepSeconds = 3_600
	minHistory     = 4
	maxHistory     = 10_000
)

// DefaultParams are the original network's: 38 % of 20 billion TOP are the reserve, a year has 3,155,815 times ten seconds. Shares are in the order of its table.
func DefaultParams() Params {
	return Params{
		TotalUtop: 20_000_000_000 * top, ReserveUtop: 7_600_000_000 * top, ReserveBps: 800, FloorBps: 200, YearSeconds: 31_558_150, MaxStepSeconds: 60,
		Shares:        Shares{MinersBps: 6_000, AuditorsBps: 1_000, VotersBps: 2_000, CommunityBps: 400, EdgeBps: 200, ArchiveBps: 400},
		HistoryEpochs: 100,
	}
}

// Schedule as protocol/issuance takes it.
func (p Params) Schedule() issuance.Schedule {
	return issuance.Schedule{
		TotalUtop: p.TotalUtop, ReserveUtop: p.ReserveUtop, ReserveBps: uint64(p.ReserveBps), FloorBps: uint64(p.FloorBps),
		// Years above the bound stay above it.
		YearNanos: min(p.YearSeconds, maxYearSeconds+1) * second,
	}
}

// MaxStep is the most that one block moves the clock, in nanoseconds.
func (p Params) MaxStep() uint64 { return p.MaxStepSeconds * second }

// Parts are the shares as protocol/issuance takes them.
func (s Shares) Parts() issuance.Parts {
	return issuance.Parts{
		Miners: uint64(s.MinersBps), Voters: uint64(s.VotersBps), Community: uint64(s.CommunityBps),
		Auditors: uint64(s.AuditorsBps), Edge: uint64(s.EdgeBps), Archive: uint64(s.ArchiveBps),
	}
}

// Validate holds each parameter against its bounds.
func (p Params) Validate() error {
	if err := p.Schedule().Check(); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if err := p.Shares.Parts().CheckShares(); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if p.MaxStepSeconds < 1 || p.MaxStepSeconds > maxStepSeconds {
		return errorsmod.Wrapf(ErrInvalid, "max_step_seconds is %d, want 1 to %d", p.MaxStepSeconds, maxStepSeconds)
	}
	if p.HistoryEpochs < minHistory || p.HistoryEpochs > maxHistory {
		return errorsmod.Wrapf(ErrInvalid, "history_epochs is %d, want %d to %d", p.HistoryEpochs, minHistory, maxHistory)
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
