// Package quota says what an account may do without a fee: mana that its balance refills over a day. Pure functions over plain values; README.md is the specification.
package quota

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// Day over which an empty account refills, in nanoseconds.
const Day = int64(24 * time.Hour)

// top is how many utop make a TOP.
const top = 1_000_000

var (
	// ErrQuota: the account's quota does not pay, nor does the fee that it offers.
	ErrQuota = errors.New("out of quota")
	// ErrParams: parameters that no shard can run with.
	ErrParams = errors.New("quota parameters")
)

// Mana is an account's quota as it was last written.
type Mana struct {
	// Left in units.
	Left uint64
	// Time up to which it is refilled, in nanoseconds since 1970.
	Time int64
}

// Params of a shard. A unit is what a nanosecond of a processor costs.
type Params struct {
	// PerTop units that a TOP refills in a day.
	PerTop uint64
	// Floor units a day for every account that holds FloorBalance utop.
	Floor, FloorBalance uint64
	// Cap of units a day for one account.
	Cap uint64
	// Price of what a transaction makes the shard do.
	Price Price
	// Fee in utop for a million units beyond the quota; it is burned.
	Fee uint64
}

// Price in units.
type Price struct {
	// Transfer is two records and their way to the root, Byte of a transaction is carried by every member and kept.
	Transfer, Byte uint64
	// Ed25519 and Secp256k1 are the verification of a signature.
	Ed25519, Secp256k1 uint64
	// Create is a new account, beside its transfer: it stays.
	Create uint64
	// Receipt of a transfer to another shard, beside it: what the other shard does with it, and how it gets there.
	Receipt uint64
}

// Default parameters: of 10,000 transfers a second, four fifths for the balances of 20 billion TOP, 50 a day for everyone who holds ten TOP, a hundredth at most for one account.
func Default() Params {
	return Params{
		PerTop: 1_728, Floor: 2_500_000, FloorBalance: 10 * top, Cap: 432_000_000_000,
		Price: Price{Transfer: 20_000, Byte: 50, Ed25519: 15_000, Secp256k1: 45_000, Create: 5_000_000, Receipt: 30_000},
		Fee:   200,
	}
}

// Check tells whether a shard can run with them.
func (p Params) Check() error {
	switch {
	case p.Cap == 0 || p.Floor > p.Cap:
		return fmt.Errorf("%w: the floor is %d units a day and one account has at most %d; want a floor of at most the cap, and a cap above zero", ErrParams, p.Floor, p.Cap)
	case p.Price.Transfer == 0 || p.Price.Create < 100*p.Price.Transfer:
		return fmt.Errorf("%w: a transfer costs %d and a new account %d; want a price, and a hundred transfers at least for an account", ErrParams, p.Price.Transfer, p.Price.Create)
	case p.Fee == 0:
		return fmt.Errorf("%w: what is beyond the quota has no fee: it would be free for ever", ErrParams)
	}
	const most = 1 << 40
	for _, v := range []uint64{p.PerTop, p.Cap, p.Price.Transfer, p.Price.Byte, p.Price.Ed25519, p.Price.Secp256k1, p.Price.Create, p.Price.Receipt, p.Fee} {
		if v > most {
			return fmt.Errorf("%w: %d is more than 2^40", ErrParams, v)
		}
	}
	return nil
}

// Capacity of an account that holds so much: what a day brings, and what it holds at most.
func (p Params) Capacity(utop uint64) uint64 {
	hi, lo := bits.Mul64(utop, p.PerTop)
	if hi >= top {
		return p.Cap
	}
	units, _ := bits.Div64(hi, lo, top)
	if utop >= p.FloorBalance {
		units += min(p.Floor, p.Cap)
	}
	return min(units, p.Cap)
}

// Full mana of an account that holds so much: what genesis and migration give.
func (p Params) Full(utop uint64, now int64) Mana { return Mana{Left: p.Capacity(utop), Time: now} }

// Refilled is the mana at a time, for an account that has held so much since it was written. It is exact: refilling in many steps brings what one step brings, so that nobody is hindered by being written to often.
func (p Params) Refilled(m Mana, utop uint64, now int64) Mana {
	limit := p.Capacity(utop)
	if m.Left >= limit || now-m.Time >= Day {
		return Mana{Left: limit, Time: max(now, m.Time)}
	}
	if now <= m.Time {
		return m
	}
	hi, lo := bits.Mul64(limit, uint64(now-m.Time))
	gain, rest := bits.Div64(hi, lo, uint64(Day))
	if gain >= limit-m.Left {
		return Mana{Left: limit, Time: now}
	}
	// The rest is less than a unit: the time that it took is not lost.
	return Mana{Left: m.Left + gain, Time: now - int64(rest/limit)}
}

// Cut is what a send leaves of the mana: the coins take their part with them, and it is nobody's.
func (m Mana) Cut(before, after uint64) Mana {
	if before == 0 {
		return Mana{Time: m.Time}
	}
	hi, lo := bits.Mul64(m.Left, min(after, before))
	m.Left, _ = bits.Div64(hi, lo, before)
	return m
}

// Signature is a scheme.
type Signature uint8

// The schemes that accounts sign with.
const (
	Ed25519 Signature = iota
	Secp256k1
)

// Cost of a transfer in units: of so many encoded bytes, with that signature. What it makes elsewhere, an account or a receipt, comes to it.
func (p Params) Cost(size int, scheme Signature) uint64 {
	cost := p.Price.Transfer + p.Price.Byte*uint64(size)
	if scheme == Secp256k1 {
		return cost + p.Price.Secp256k1
	}
	return cost + p.Price.Ed25519
}

// Pay a cost: of mana, and of a fee in utop where the mana does not reach. A fee is taken no further than it is needed.
func (p Params) Pay(m Mana, cost, offered uint64) (left Mana, fee uint64, err error) {
	if cost <= m.Left {
		return Mana{Left: m.Left - cost, Time: m.Time}, 0, nil
	}
	hi, lo := bits.Mul64(cost-m.Left, p.Fee)
	const million = 1_000_000
	lo, carry := bits.Add64(lo, million-1, 0)
	hi += carry
	if hi >= million {
		return m, 0, fmt.Errorf("%w: %d units are needed and %d left", ErrQuota, cost, m.Left)
	}
	if fee, _ = bits.Div64(hi, lo, million); fee > offered {
		return m, 0, fmt.Errorf("%w: %d units are needed and %d left; wait, or offer a fee of %dutop (offered: %d)", ErrQuota, cost, m.Left, fee, offered)
	}
	return Mana{Time: m.Time}, fee, nil
}
