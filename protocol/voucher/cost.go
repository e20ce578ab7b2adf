package voucher

import (
	"fmt"
	"math/bits"
)

// Limits on what a stranger may send.
const (
	// MaxMeasures in an offer or a voucher.
	MaxMeasures = 16
	// maxText in bytes: chain ids, addresses, service and measure names.
	maxText = 128
	hashLen = 32
)

// Cost is Σ price × quantity in utop. prices and usage are sorted by measure without duplicates; a measure without a price is refused (ErrMismatch), as is a sum
// above 2^64 − 1 (ErrAmount).
func Cost(prices []*Price, usage []*Usage) (uint64, error) {
	if err := checkPrices(prices); err != nil {
		return 0, err
	}
	if err := checkUsage(usage); err != nil {
		return 0, err
	}
	var sum uint64
	i := 0
	for _, u := range usage {
		for i < len(prices) && prices[i].Measure < u.Measure {
			i++
		}
		if i == len(prices) || prices[i].Measure != u.Measure {
			return 0, fmt.Errorf("%w: no price for measure %q", ErrMismatch, u.Measure)
		}
		high, cost := bits.Mul64(prices[i].Utop, u.Quantity)
		if high != 0 {
			return 0, fmt.Errorf("%w: %d × %d %s exceeds 2^64", ErrAmount, prices[i].Utop, u.Quantity, u.Measure)
		}
		var carry uint64
		if sum, carry = bits.Add64(sum, cost, 0); carry != 0 {
			return 0, fmt.Errorf("%w: the sum exceeds 2^64", ErrAmount)
		}
	}
	return sum, nil
}

// checkPrices wants 1 to MaxMeasures prices in strictly ascending order of measure: one encoding, no measure twice.
func checkPrices(prices []*Price) error {
	if len(prices) == 0 || len(prices) > MaxMeasures {
		return fmt.Errorf("%w: %d prices, want 1 to %d", ErrMalformed, len(prices), MaxMeasures)
	}
	last := ""
	for _, p := range prices {
		if p == nil || p.Measure == "" || len(p.Measure) > maxText {
			return fmt.Errorf("%w: a price's measure has %d bytes, want 1 to %d", ErrMalformed, len(p.GetMeasure()), maxText)
		}
		if p.Measure <= last {
			return fmt.Errorf("%w: prices are not sorted by measure at %q", ErrMalformed, p.Measure)
		}
		last = p.Measure
	}
	return nil
}

// checkUsage wants at most MaxMeasures quantities in strictly ascending order of measure.
func checkUsage(usage []*Usage) error {
	if len(usage) > MaxMeasures {
		return fmt.Errorf("%w: %d measures, at most %d", ErrMalformed, len(usage), MaxMeasures)
	}
	last := ""
	for _, u := range usage {
		if u == nil || u.Measure == "" || len(u.Measure) > maxText {
			return fmt.Errorf("%w: a usage's measure has %d bytes, want 1 to %d", ErrMalformed, len(u.GetMeasure()), maxText)
		}
		if u.Measure <= last {
			return fmt.Errorf("%w: usage is not sorted by measure at %q", ErrMalformed, u.Measure)
		}
		last = u.Measure
	}
	return nil
}
