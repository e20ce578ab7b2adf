package lattice

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Amount of another denomination than utop: 128 bits, as tokens of 18 decimals need them.
type Amount struct{ High, Low uint64 }

// IsZero tells whether it is nothing.
func (a Amount) IsZero() bool { return a == Amount{} }

// Add fails beyond 2^128 − 1.
func (a Amount) Add(b Amount) (Amount, error) {
	low, carry := bits.Add64(a.Low, b.Low, 0)
	high, over := bits.Add64(a.High, b.High, carry)
	if over != 0 {
		return Amount{}, fmt.Errorf("%w: the sum does not fit into 128 bits", ErrMalformed)
	}
	return Amount{high, low}, nil
}

// Sub fails below zero.
func (a Amount) Sub(b Amount) (Amount, error) {
	low, borrow := bits.Sub64(a.Low, b.Low, 0)
	high, under := bits.Sub64(a.High, b.High, borrow)
	if under != 0 {
		return Amount{}, fmt.Errorf("%w: more is taken than there is", ErrFunds)
	}
	return Amount{high, low}, nil
}

// Coin of another denomination than utop.
type Coin struct {
	Denom  string
	Amount Amount
}

// Balance is what an account holds, or what is moved.
type Balance struct {
	Utop uint64
	// Coins of other denominations, in ascending order, none of them zero.
	Coins []Coin
}

// Bounds of a balance.
const (
	// MaxCoins are the denominations that an account can hold beside utop.
	MaxCoins = 16
	// MaxDenom in bytes (Cosmos SDK, types/coin.go).
	MaxDenom = 128

	maxBalance = 8 + 1 + MaxCoins*(1+MaxDenom+16)
)

// IsZero tells whether it is nothing.
func (b Balance) IsZero() bool { return b.Utop == 0 && len(b.Coins) == 0 }

// Check tells whether an account can hold it.
func (b Balance) Check() error {
	if len(b.Coins) > MaxCoins {
		return fmt.Errorf("%w: %d denominations, at most %d", ErrMalformed, len(b.Coins), MaxCoins)
	}
	for i, c := range b.Coins {
		if len(c.Denom) == 0 || len(c.Denom) > MaxDenom || c.Amount.IsZero() || (i > 0 && b.Coins[i-1].Denom >= c.Denom) {
			return fmt.Errorf("%w: coin %d is %v of %q: want none of nothing, in ascending order of denominations", ErrMalformed, i, c.Amount, c.Denom)
		}
	}
	return nil
}

// Add fails where a sum does not fit, or where there are more denominations than an account can hold. Neither operand changes.
func (b Balance) Add(c Balance) (Balance, error) {
	utop, carry := bits.Add64(b.Utop, c.Utop, 0)
	if carry != 0 {
		return Balance{}, fmt.Errorf("%w: the sum does not fit into 64 bits", ErrMalformed)
	}
	coins, err := merge(b.Coins, c.Coins, Amount.Add)
	if err == nil && len(coins) > MaxCoins {
		err = fmt.Errorf("%w: %d denominations, at most %d", ErrMalformed, len(coins), MaxCoins)
	}
	return Balance{utop, coins}, err
}

// Sub fails where more is taken than there is. Neither operand changes.
func (b Balance) Sub(c Balance) (Balance, error) {
	if c.Utop > b.Utop {
		return Balance{}, fmt.Errorf("%w: %d utop of %d", ErrFunds, c.Utop, b.Utop)
	}
	coins, err := merge(b.Coins, c.Coins, Amount.Sub)
	return Balance{b.Utop - c.Utop, coins}, err
}

// Within what is held: as much of b as there is, and the rest.
func (b Balance) Within(held Balance) (taken, rest Balance) {
	taken.Utop = min(b.Utop, held.Utop)
	rest.Utop = b.Utop - taken.Utop
	for _, c := range b.Coins {
		has := Amount{}
		if at := slices.IndexFunc(held.Coins, func(h Coin) bool { return h.Denom == c.Denom }); at >= 0 {
			has = held.Coins[at].Amount
		}
		if left, err := c.Amount.Sub(has); err == nil {
			if !has.IsZero() {
				taken.Coins = append(taken.Coins, Coin{Denom: c.Denom, Amount: has})
			}
			if !left.IsZero() {
				rest.Coins = append(rest.Coins, Coin{Denom: c.Denom, Amount: left})
			}
			continue
		}
		taken.Coins = append(taken.Coins, c)
	}
	return taken, rest
}

// merge two lists in ascending order, denomination by denomination; what becomes zero is left out.
func merge(a, b []Coin, combine func(Amount, Amount) (Amount, error)) ([]Coin, error) {
	if len(b) == 0 {
		return a, nil
	}
	var out []Coin
	for len(a) > 0 || len(b) > 0 {
		var next Coin
		var left, right Amount
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Denom < b[0].Denom:
			next.Denom, left, a = a[0].Denom, a[0].Amount, a[1:]
		case len(a) == 0 || b[0].Denom < a[0].Denom:
			next.Denom, right, b = b[0].Denom, b[0].Amount, b[1:]
		default:
			next.Denom, left, right, a, b = a[0].Denom, a[0].Amount, b[0].Amount, a[1:], b[1:]
		}
		var err error
		if next.Amount, err = combine(left, right); err != nil {
			return nil, fmt.Errorf("%s: %w", next.Denom, err)
		}
		if !next.Amount.IsZero() {
			out = append(out, next)
		}
	}
	return out, nil
}

// AppendBalance appends a balance's one encoding.
func AppendBalance(to []byte, b Balance) []byte { return b.append(to) }

// append the balance's one encoding.
func (b Balance) append(to []byte) []byte {
	to = binary.BigEndian.AppendUint64(to, b.Utop)
	to = append(to, byte(len(b.Coins)))
	for _, c := range b.Coins {
		to = append(to, byte(len(c.Denom)))
		to = append(to, c.Denom...)
		to = binary.BigEndian.AppendUint64(to, c.Amount.High)
		to = binary.BigEndian.AppendUint64(to, c.Amount.Low)
	}
	return to
}

// Encode the balance.
func (b Balance) Encode() []byte { return b.append(nil) }

// DecodeBalance reads what Encode wrote, and nothing else.
func DecodeBalance(bz []byte) (Balance, error) {
	d := NewDecoder(bz)
	b := d.Balance()
	if !d.Done() {
		return Balance{}, fmt.Errorf("%w: a balance of %d bytes", ErrMalformed, len(bz))
	}
	return b, b.Check()
}

// Balance is the next one, which the caller checks.
func (d *Decoder) Balance() (b Balance) {
	b.Utop = d.U64()
	for range d.U8() {
		if d.failed {
			break
		}
		b.Coins = append(b.Coins, Coin{Denom: string(d.Next(int(d.U8()))), Amount: Amount{High: d.U64(), Low: d.U64()}})
	}
	return b
}
