package types

import "cosmossdk.io/math"

// Sum is what the gate's account should hold.
func (b Books) Sum() math.Int {
	sum := b.Issued.Add(b.Sent).Add(b.Queued).Sub(b.Taken)
	if b.Covered.IsNil() {
		// A node of a release before has none.
		return sum
	}
	return sum.Add(b.Covered)
}
