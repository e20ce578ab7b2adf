package claim

import (
	"bytes"
	"fmt"
	"math/bits"
)

// Debit is what one session key of one payer owes in a claim.
type Debit struct {
	// Payer account, 20 bytes.
	Payer []byte
	// SessionKey, 32 bytes.
	SessionKey []byte
	// Amount in utop.
	Amount uint64
}

// Debits sums leaves per payer and session key. leaves are as Build accepts them: in key order, which keeps the intervals of debits over [0, sum) in line with those
// of leaves. An amount that would overflow stays at 2^64 − 1 (Build refuses such leaves).
func Debits(leaves []Leaf) []Debit {
	var out []Debit
	for _, l := range leaves {
		payer, key := l.Key.Payer(), l.Key.SessionKey()
		if last := len(out) - 1; last >= 0 && bytes.Equal(out[last].Payer, payer) && bytes.Equal(out[last].SessionKey, key) {
			sum, carry := bits.Add64(out[last].Amount, l.Amount, 0)
			if carry != 0 {
				sum = ^uint64(0)
			}
			out[last].Amount = sum
			continue
		}
		out = append(out, Debit{Payer: payer, SessionKey: key, Amount: l.Amount})
	}
	return out
}

// DebitAt finds the debit that covers a point of [0, Σ amounts). A claim is honest at the point when the debit's payer and session key are those of the sampled
// leaf: blaming another payer for a share φ of the claim is caught like forging that share.
func DebitAt(debits []Debit, point uint64) (Debit, error) {
	var end, carry uint64
	for _, d := range debits {
		if end, carry = bits.Add64(end, d.Amount, 0); carry != 0 {
			return Debit{}, fmt.Errorf("%w: the debits exceed 2^64", ErrOverflow)
		}
		if point < end {
			return d, nil
		}
	}
	return Debit{}, fmt.Errorf("%w: %d in debits of %d utop", ErrPoint, point, end)
}
