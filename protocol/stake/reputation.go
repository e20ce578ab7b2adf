package stake

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Steps of reputation, in millionths: it takes 67 good epochs to rise from the initial value to 1, and one bad epoch undoes ten.
const (
	reputationRise = 10_000
	reputationFall = 100_000
)

// Work is what one node owed and did in an epoch: blocks to sign and audits to confirm, in all its committees, and its faults.
type Work struct {
	// Reputation so far, in millionths.
	Reputation uint64
	// Due and Done count blocks and audits; Done is at most Due. A node that owed nothing is not ranked.
	Due, Done uint64
	// Absences counts seals that were the node's to give and did not come: withholding one is a choice among two seeds.
	Absences uint64
	// WrongAudits counts confirmed blocks that proved wrong.
	WrongAudits uint64
	// Equivocated: two votes for one height were proven.
	Equivocated bool
}

// Rate gives each node's reputation after an epoch, in the order of its argument. Nodes are ranked by Done/Due; equal ones share the better rank.
//
//	two votes for one height            the floor
//	each wrong audit, each absence      −0.1
//	nothing done of what was due        −0.1
//	worst tenth, and less than half     −0.1
//	best four fifths, and no fault      +0.01
func Rate(works []Work) ([]uint64, error) {
	var ranked []Work
	for i, w := range works {
		if w.Done > w.Due {
			return nil, fmt.Errorf("%w: node %d did %d of %d", ErrMalformed, i, w.Done, w.Due)
		}
		if w.Reputation < ReputationFloor || w.Reputation > ReputationCeiling {
			return nil, fmt.Errorf("%w: reputation of %d millionths, want %d to %d", ErrMalformed, w.Reputation, ReputationFloor, ReputationCeiling)
		}
		if w.Due > 0 {
			ranked = append(ranked, w)
		}
	}
	slices.SortFunc(ranked, byShare)
	rated := make([]uint64, len(works))
	for i, w := range works {
		rated[i] = w.next(ranked)
	}
	return rated, nil
}

// next applies the table of Rate; ranked are all nodes that owed something, the worst first.
func (w Work) next(ranked []Work) uint64 {
	if w.Equivocated {
		return ReputationFloor
	}
	// More than these do not matter, and cannot overflow.
	const most = ReputationCeiling / reputationFall
	falls := min(w.WrongAudits, most) + min(w.Absences, most)
	if w.Due > 0 {
		worstTenth, bestFourFifths := ranked[(len(ranked)+9)/10-1], ranked[len(ranked)/5]
		if w.Done == 0 || (byShare(w, worstTenth) <= 0 && w.Done < w.Due-w.Done) {
			falls++
		} else if falls == 0 && byShare(w, bestFourFifths) >= 0 {
			return min(w.Reputation+reputationRise, ReputationCeiling)
		}
	}
	if falls >= most {
		return ReputationFloor
	}
	return max(w.Reputation, ReputationFloor+falls*reputationFall) - falls*reputationFall
}

// byShare orders by Done/Due, exactly: by the products crosswise, in 128 bits.
func byShare(a, b Work) int {
	aHigh, aLow := bits.Mul64(a.Done, b.Due)
	bHigh, bLow := bits.Mul64(b.Done, a.Due)
	return cmp.Or(cmp.Compare(aHigh, bHigh), cmp.Compare(aLow, bLow))
}
