package committee

import (
	"fmt"
	"math/big"
)

// PPM is a probability in millionths, rounded up: what is possible is never shown as 0.
func PPM(p *big.Rat) uint64 { return ceil(new(big.Rat).Mul(p, big.NewRat(1_000_000, 1))).Uint64() }

// Scientific writes a probability with that many significant digits, rounded up, as 3.9e-7; 0 as 0. It is exact integer arithmetic: every node prints the same.
func Scientific(p *big.Rat, digits int) string {
	if p.Sign() <= 0 {
		return "0"
	}
	digits = max(1, digits)
	// Grow p to at least 10^(digits − 1), counting the steps, and round up; rounding up to one digit more is a power of ten, and one step less.
	exponent := digits - 1
	scaled, ten := new(big.Rat).Set(p), big.NewRat(10, 1)
	low := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil))
	for scaled.Cmp(low) < 0 {
		scaled.Mul(scaled, ten)
		exponent--
	}
	text := ceil(scaled).String()
	if len(text) > digits {
		exponent += len(text) - digits
		text = text[:digits]
	}
	if digits == 1 {
		return fmt.Sprintf("%se%d", text, exponent)
	}
	return fmt.Sprintf("%s.%se%d", text[:1], text[1:], exponent)
}

func ceil(p *big.Rat) *big.Int {
	quotient, rest := new(big.Int).QuoRem(p.Num(), p.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}
