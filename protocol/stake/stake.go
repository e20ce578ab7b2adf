// Package stake calculates a node's comprehensive stake, by which committees are drawn: asset stake × reputation × computing. Pure functions over integers; README.md is
// the specification.
package stake

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Unit is 1 as a factor: reputation and computing are in millionths.
const Unit = 1_000_000

const (
	// MaxSaturationUtop is 10^9 TOP, a twentieth of the supply.
	MaxSaturationUtop = 1_000_000_000_000_000
	// MaxStakeUtop is what a node can weigh at most, so that the stakes of an election's 10,000 candidates sum up to less than 2^64.
	MaxStakeUtop = math.MaxUint64 / 10_000
)

var (
	// ErrMalformed: numbers that contradict each other.
	ErrMalformed = errors.New("malformed")
	// ErrParams: parameters that the rules exclude.
	ErrParams = errors.New("bad stake parameters")
)

// Params are what governance sets: the bounds of the asset for each role, the factors for all.
type Params struct {
	// SaturationUtop is the asset stake above which more counts nothing, in utop.
	SaturationUtop uint64
	// MinDepositUtop is the own deposit below which a node has no stake at all, in utop.
	MinDepositUtop uint64
	Factors
}

// Check tells whether the parameters keep the rules.
func (p Params) Check() error {
	if p.SaturationUtop < 1 || p.SaturationUtop > MaxSaturationUtop {
		return fmt.Errorf("%w: saturation of %d utop, want 1 to %d", ErrParams, p.SaturationUtop, uint64(MaxSaturationUtop))
	}
	if p.MinDepositUtop < 1 || p.MinDepositUtop > p.SaturationUtop {
		return fmt.Errorf("%w: minimum deposit of %d utop, want 1 to the saturation of %d", ErrParams, p.MinDepositUtop, p.SaturationUtop)
	}
	if err := p.Factors.Check(); err != nil {
		return err
	}
	if most := product(p.SaturationUtop, p.ReputationCeiling, p.ComputingCeiling); most > MaxStakeUtop {
		return fmt.Errorf("%w: a saturation of %d utop weighs %d at the ceilings of reputation and computing, at most %d sum up: lower one of the three",
			ErrParams, p.SaturationUtop, most, uint64(MaxStakeUtop))
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

// Comprehensive is ⌊asset × reputation × computing / 10^12⌋, in utop: the exact product, rounded down once. Reputation and computing are in millionths; what is out of
// bounds, because these were changed since, counts as the bound that it passed.
func (p Params) Comprehensive(own, delegated, reputation, computing uint64) (uint64, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	return product(p.Asset(own, delegated), p.BoundReputation(reputation), p.BoundComputing(computing)), nil
}

// product is at most 10^15 × 10^6 × 10^7 / 10^12: the high word is below 10^12, so Div64 is defined and the quotient fits.
func product(asset, reputation, computing uint64) uint64 {
	high, low := bits.Mul64(asset, reputation*computing)
	quotient, _ := bits.Div64(high, low, Unit*Unit)
	return quotient
}
