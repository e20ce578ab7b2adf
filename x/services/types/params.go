package types

import errorsmod "cosmossdk.io/errors"

// MaxDeposit bounds every deposit and price, in utop: the supply cannot exceed it.
const MaxDeposit = 1 << 60

// bpsOne is all of it, in ten-thousandths.
const bpsOne = 10_000

// DefaultParams ask for 100 TOP for a type, 100 TOP for a chain, 1 TOP for a provider, and take half of a provider's deposit for a fault.
func DefaultParams() Params {
	return Params{MinTypeDeposit: 100_000_000, MinChainDeposit: 100_000_000, MinProviderDeposit: 1_000_000, FaultSlashBps: 5_000}
}

// Validate holds each parameter against its bounds.
func (p Params) Validate() error {
	for _, d := range []struct {
		name  string
		value uint64
	}{{"min_type_deposit", p.MinTypeDeposit}, {"min_chain_deposit", p.MinChainDeposit}, {"min_provider_deposit", p.MinProviderDeposit}} {
		if d.value == 0 || d.value > MaxDeposit {
			return errorsmod.Wrapf(ErrInvalid, "%s is %d, want 1 to %d", d.name, d.value, uint64(MaxDeposit))
		}
	}
	if p.FaultSlashBps > bpsOne {
		return errorsmod.Wrapf(ErrInvalid, "fault_slash_bps is %d, want 0 to %d", p.FaultSlashBps, bpsOne)
	}
	return nil
}
