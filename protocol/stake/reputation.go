package stake

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Work is what one node owed and did in an epoch: blocks to sign and audits to confirm, in all its committees, and its faults.
type Work struct {
	// Reputation so far, in millionths; what is out of bounds counts as the bound.
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
//	two votes for one height                        the floor
//	each wrong audit, each absence                  −FaultFall
//	nothing done of what was due                    −Fall
//	among WorstShare, and less done than FallBelow  −Fall
//	among BestShare, and no fault                   +Rise
func (f Factors) Rate(works []Work) ([]uint64, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	var ranked []Work
	for i, w := range works {
		if w.Done > w.Due {
			return nil, fmt.Errorf("%w: node %d did %d of %d", ErrMalformed, i, w.Done, w.Due)
		}
		if w.Due > 0 {
			ranked = append(ranked, w)
		}
	}
	slices.SortFunc(ranked, byShare)
	rated := make([]uint64, len(works))
	for i, w := range works {
		rated[i] = f.next(w, ranked)
	}
	return rated, nil
}

// next applies the table of Rate; ranked are all nodes that owed something, the worst first.
func (f Factors) next(w Work, ranked []Work) uint64 {
	if w.Equivocated {
		return f.ReputationFloor
	}
	reputation := f.BoundReputation(w.Reputation)
	// Unit faults take all there is, so that more of them need not be counted, and cannot overflow.
	fall := (min(w.WrongAudits, Unit) + min(w.Absences, Unit)) * f.FaultFall
	if w.Due > 0 {
		n := uint64(len(ranked))
		worst, best := ranked[(n*f.WorstShare+Unit-1)/Unit-1], ranked[n*(Unit-f.BestShare)/Unit]
		if w.Done == 0 || (byShare(w, worst) <= 0 && byShare(w, Work{Done: f.FallBelow, Due: Unit}) < 0) {
			fall += f.Fall
		} else if fall == 0 && byShare(w, best) >= 0 {
			return min(reputation+f.Rise, f.ReputationCeiling)
		}
	}
	return max(reputation, f.ReputationFloor+fall) - fall
}

// byShare orders by Done/Due, exactly: by the products crosswise, in 128 bits.
func byShare(a, b Work) int {
	aHigh, aLow := bits.Mul64(a.Done, b.Due)
	bHigh, bLow := bits.Mul64(b.Done, a.Due)
	return cmp.Or(cmp.Compare(aHigh, bHigh), cmp.Compare(aLow, bLow))
}
