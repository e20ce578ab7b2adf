package stake

import "fmt"

// MaxComputing bounds every computing ceiling, in millionths: stored values are below it whatever governance sets.
const MaxComputing = 10 * Unit

// Factors bound what an asset is multiplied by, and say how work changes it: in millionths, the same for all roles.
type Factors struct {
	// ReputationFloor and ReputationCeiling bound reputation, which begins at ReputationInitial.
	ReputationFloor, ReputationInitial, ReputationCeiling uint64
	// ComputingFloor and ComputingCeiling bound computing, which is 1 where nothing was measured.
	ComputingFloor, ComputingCeiling uint64
	// Rise is what a good epoch adds to reputation, Fall what a bad one takes, FaultFall what each fault takes: a wrong audit, a seal that did not come.
	Rise, Fall, FaultFall uint64
	// BestShare of the ranked nodes rise, WorstShare of them may fall.
	BestShare, WorstShare uint64
	// FallBelow is the share of what was due below which the worst fall; 0 spares all who did something.
	FallBelow uint64
}

// DefaultFactors are the original network's where it had a figure (TOP-chain, xpredefined_configurations.h: credit score of 0.1 to 1, 0.33 at first, +0.01 for the best 80 %,
// −0.1 for the worst 10 %). It took nothing from who signed a single block; here half of what is due is asked for, it had neither audits that prove wrong nor seals, and
// computing was promised and never became a term.
func DefaultFactors() Factors {
	return Factors{
		ReputationFloor: 100_000, ReputationInitial: 330_000, ReputationCeiling: 1_000_000,
		ComputingFloor: 500_000, ComputingCeiling: 1_500_000,
		Rise: 10_000, Fall: 100_000, FaultFall: 100_000,
		BestShare: 800_000, WorstShare: 100_000, FallBelow: 500_000,
	}
}

// Check tells whether the factors keep the rules.
func (f Factors) Check() error {
	for _, b := range []struct {
		name             string
		value, low, high uint64
	}{
		{"reputation ceiling", f.ReputationCeiling, 1, Unit},
		{"reputation floor", f.ReputationFloor, 1, f.ReputationCeiling},
		{"initial reputation", f.ReputationInitial, f.ReputationFloor, f.ReputationCeiling},
		{"computing floor", f.ComputingFloor, 1, Unit},
		{"computing ceiling", f.ComputingCeiling, Unit, MaxComputing},
		{"rise", f.Rise, 1, Unit},
		{"fall", f.Fall, 1, Unit},
		{"fall for a fault", f.FaultFall, 1, Unit},
		{"best share", f.BestShare, 1, Unit},
		{"worst share", f.WorstShare, 1, Unit},
		{"share of work below which the worst fall", f.FallBelow, 0, Unit},
	} {
		if b.value < b.low || b.value > b.high {
			return fmt.Errorf("%w: %s of %d millionths, want %d to %d", ErrParams, b.name, b.value, b.low, b.high)
		}
	}
	if f.BestShare+f.WorstShare > Unit {
		return fmt.Errorf("%w: the best %d and the worst %d millionths of all nodes overlap: lower one share", ErrParams, f.BestShare, f.WorstShare)
	}
	return nil
}

// BoundReputation brings a reputation into the bounds: it may stem from before they were changed.
func (f Factors) BoundReputation(stored uint64) uint64 {
	return min(max(stored, f.ReputationFloor), f.ReputationCeiling)
}

// BoundComputing brings a computing power into the bounds, for the same reason.
func (f Factors) BoundComputing(stored uint64) uint64 {
	return min(max(stored, f.ComputingFloor), f.ComputingCeiling)
}
