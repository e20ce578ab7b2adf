package stake

import (
	"fmt"
	"math/bits"
	"slices"
)

// Timely counts, for one node and one proposer, the commits that did not wait for stragglers and those of them that hold the node's precommit.
type Timely struct{ Held, Commits uint64 }

// Share is how often a node is in time, in millionths, rounded down: the median over proposers, since each proposer chooses the precommits of its own blocks and a
// minority of them must not decide. False without any commit.
func Share(byProposer []Timely) (uint64, bool, error) {
	var shares []uint64
	for _, t := range byProposer {
		if t.Held > t.Commits {
			return 0, false, fmt.Errorf("%w: a precommit in %d of %d commits", ErrMalformed, t.Held, t.Commits)
		}
		if t.Commits > 0 {
			shares = append(shares, mulDiv(t.Held, Unit, t.Commits))
		}
	}
	if len(shares) == 0 {
		return 0, false, nil
	}
	return Median(shares), true, nil
}

// Median is the middle value, of an even number of values the lower of the two; 0 of none.
func Median(values []uint64) uint64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// Computing is a node's share relative to the network's median, in millionths within the bounds, rounded down; 1 where nothing was measured. Shares are at most Unit.
func (f Factors) Computing(share, median uint64) uint64 {
	if median == 0 {
		return Unit
	}
	return f.BoundComputing(mulDiv(min(share, Unit), Unit, median))
}

// mulDiv is ⌊a × b / c⌋ for a ≤ c or a × b < 2^64, c > 0.
func mulDiv(a, b, c uint64) uint64 {
	high, low := bits.Mul64(a, b)
	quotient, _ := bits.Div64(high, low, c)
	return quotient
}
