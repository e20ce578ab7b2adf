// Package stake calculates a node's comprehensive stake, by which committees are drawn: asset stake × reputation × computing. Pure functions over integers; README.md is
// the specification.
package stake

import (
	"errors"
	"fmt"
	"math/bits"
)

// Unit is 1 as a factor: reputation and computing are in millionths.
const Unit = 1_000_000

// Bounds of the factors, in millionths.
const (
	ReputationFloor   = 100_000
	ReputationInitial = 330_000
	ReputationCeiling = 1_000_000
	ComputingFloor    = 500_000
	ComputingCeiling  = 1_500_000
)

// MaxSaturationUtop is 10^9 TOP, a twentieth of the supply. With it, 10,000 candidates' stakes sum up to less than 2^64.
const MaxSaturationUtop = 1_000_000_000_000_000

var (
	// ErrMalformed: a number out of its bounds.
	ErrMalformed = errors.New("malformed")
	// ErrParams: parameters that the rules exclude.
	ErrParams = errors.New("bad stake parameters")
)

// Params are what governance sets, for each role.
type Params struct {
	// SaturationUtop is the asset stake above which more counts nothing, in utop.
	SaturationUtop uint64
	// MinDepositUtop is the own deposit below which a node has no stake at all, in utop.
	MinDepositUtop uint64
}

// Check tells whether the parameters keep the rules.
func (p Params) Check() error {
	if p.SaturationUtop < 1 || p.SaturationUtop > MaxSaturationUtop {
		return fmt.Errorf("%w: saturation of %d utop, want 1 to %d", ErrParams, p.SaturationUtop, uint64(MaxSaturationUtop))
	}
	if p.MinDepositUtop < 1 || p.MinDepositUtop > p.SaturationUtop {
		return fmt.Errorf("%w: minimum deposit of %d utop, want 1 to the saturation of %d", ErrParams, p.MinDepositUtop, p.SaturationUtop)
	}
	return nil
}

// Asset is min(own deposit + ⌊delegated / 2⌋, saturation), in utop; 0 for an own deposit below the minimum.
func (p Params) Asset(own, delegated uint64) uint64 {
	if own < p.MinDepositUtop {
		return 0
	}
	sum, carry := bits.Add64(own, delegated/2, 0)
	if carry != 0 || sum > p.SaturationUtop {
		return p.SaturationUtop
	}
	return sum
}

// Comprehensive is ⌊asset × reputation × computing / 10^12⌋, in utop: the exact product, rounded down once. Reputation and computing are in millionths.
func (p Params) Comprehensive(own, delegated, reputation, computing uint64) (uint64, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	if reputation < ReputationFloor || reputation > ReputationCeiling {
		return 0, fmt.Errorf("%w: reputation of %d millionths, want %d to %d", ErrMalformed, reputation, ReputationFloor, ReputationCeiling)
	}
	if computing < ComputingFloor || computing > ComputingCeiling {
		return 0, fmt.Errorf("%w: computing of %d millionths, want %d to %d", ErrMalformed, computing, ComputingFloor, ComputingCeiling)
	}
	// At most 10^15 × 1.5 × 10^12: the high word is below 10^12, so Div64 is defined and the quotient fits.
	high, low := bits.Mul64(p.Asset(own, delegated), reputation*computing)
	quotient, _ := bits.Div64(high, low, Unit*Unit)
	return quotient, nil
}
