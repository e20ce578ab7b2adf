package types

import (
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/stake"
)

// Bounds of the parameters.
const (
	maxSnapshotPerBlock = 10_000
	// minHistoryEpochs: an election is held by the snapshot of the epoch before.
	minHistoryEpochs = 4
	maxHistoryEpochs = 10_000
)

const top = 1_000_000

// DefaultParams have the deposits of the original network (TOP-chain, xpredefined_configurations.h), its saturation of about 25 million TOP (5,000², the square of its
// largest validator stake) and its credit score.
func DefaultParams() Params {
	const saturation = 25_000_000 * top
	return Params{
		Roles: []RoleParams{
			{Role: Role_ROLE_VALIDATOR, MinDeposit: 500_000 * top, Saturation: saturation},
			{Role: Role_ROLE_AUDITOR, MinDeposit: 1_000_000 * top, Saturation: saturation},
			{Role: Role_ROLE_ROUTER, MinDeposit: 500_000 * top, Saturation: saturation},
			{Role: Role_ROLE_EDGE, MinDeposit: 200_000 * top, Saturation: saturation},
			{Role: Role_ROLE_ARCHIVE, MinDeposit: 500_000 * top, Saturation: saturation},
		},
		SnapshotPerBlock: 1_000, HistoryEpochs: 100, Factors: factorsOf(stake.DefaultFactors()),
	}
}

// Rule of a role, as protocol/stake takes it; false for a role that is not open.
func (p Params) Rule(role Role) (stake.Params, bool) {
	i := slices.IndexFunc(p.Roles, func(r RoleParams) bool { return r.Role == role })
	if i < 0 {
		return stake.Params{}, false
	}
	return p.rule(p.Roles[i]), true
}

func (p Params) rule(r RoleParams) stake.Params {
	return stake.Params{SaturationUtop: r.Saturation, MinDepositUtop: r.MinDeposit, Factors: p.Factors.Rule()}
}

// Rule of the factors, as protocol/stake takes it.
func (f Factors) Rule() stake.Factors {
	return stake.Factors{
		ReputationFloor: f.ReputationFloor, ReputationInitial: f.ReputationInitial, ReputationCeiling: f.ReputationCeiling,
		ComputingFloor: f.ComputingFloor, ComputingCeiling: f.ComputingCeiling,
		Rise: f.Rise, Fall: f.Fall, FaultFall: f.FaultFall, BestShare: f.BestShare, WorstShare: f.WorstShare, FallBelow: f.FallBelow,
	}
}

func factorsOf(f stake.Factors) Factors {
	return Factors{
		ReputationFloor: f.ReputationFloor, ReputationInitial: f.ReputationInitial, ReputationCeiling: f.ReputationCeiling,
		ComputingFloor: f.ComputingFloor, ComputingCeiling: f.ComputingCeiling,
		Rise: f.Rise, Fall: f.Fall, FaultFall: f.FaultFall, BestShare: f.BestShare, WorstShare: f.WorstShare, FallBelow: f.FallBelow,
	}
}

// Validate holds each parameter against its bounds.
func (p Params) Validate() error {
	if len(p.Roles) == 0 {
		return errorsmod.Wrap(ErrInvalid, "no role is open; give at least that of validators")
	}
	if err := p.Factors.Rule().Check(); err != nil {
		return errorsmod.Wrapf(ErrInvalid, "factors: %s", err)
	}
	for i, r := range p.Roles {
		if _, ok := Role_name[int32(r.Role)]; !ok || r.Role == Role_ROLE_UNSPECIFIED || (i > 0 && p.Roles[i-1].Role >= r.Role) {
			return errorsmod.Wrapf(ErrInvalid, "roles[%d] is %s: want known roles, each once, in ascending order", i, r.Role)
		}
		if err := p.rule(r).Check(); err != nil {
			return errorsmod.Wrapf(ErrInvalid, "%s: %s", r.Role, err)
		}
	}
	if p.SnapshotPerBlock == 0 || p.SnapshotPerBlock > maxSnapshotPerBlock {
		return errorsmod.Wrapf(ErrInvalid, "snapshot_per_block is %d, want 1 to %d", p.SnapshotPerBlock, maxSnapshotPerBlock)
	}
	if p.HistoryEpochs < minHistoryEpochs || p.HistoryEpochs > maxHistoryEpochs {
		return errorsmod.Wrapf(ErrInvalid, "history_epochs is %d, want %d to %d", p.HistoryEpochs, minHistoryEpochs, maxHistoryEpochs)
	}
	return nil
}
