// Package issuance says how much is issued, when, and in which parts. Pure functions over integers, in utop and nanoseconds; README.md is the specification.
package issuance

import (
	"errors"
	"fmt"
	"math/bits"
)

const (
	// Whole is 1 in 1/10,000.
	Whole = 10_000
	// MaxTotalUtop is 10^11 TOP, five times the supply.
	MaxTotalUtop = 100_000_000_000_000_000
	// MaxReserveBps and MaxFloorBps are the most that a year issues, of what is left of the reserve and of the supply.
	MaxReserveBps = 2_000
	MaxFloorBps   = 1_000
	// MinYearNanos is a day, MaxYearNanos ten years.
	MinYearNanos = day
	MaxYearNanos = 3_660 * day
	// Ceiling of everything that is ever issued, so that sums with what was there before fit 64 bits: eleven thousand years of the original network's floor.
	Ceiling = 1 << 62

	day = 24 * 60 * 60 * 1_000_000_000
)

var (
	// ErrSchedule: a schedule that the rules exclude.
	ErrSchedule = errors.New("bad schedule of issuance")
	// ErrShares: shares that are not those of a whole.
	ErrShares = errors.New("bad shares of issuance")
)

// Schedule of issuance: a year issues ReserveBps of what is left of the reserve when it begins, and at least FloorBps of the total.
type Schedule struct {
	TotalUtop, ReserveUtop, ReserveBps, FloorBps, YearNanos uint64
}

// Check tells whether the schedule keeps the rules.
func (s Schedule) Check() error {
	switch {
	case s.TotalUtop < 1 || s.TotalUtop > MaxTotalUtop:
		return fmt.Errorf("%w: total of %d utop, want 1 to %d", ErrSchedule, s.TotalUtop, uint64(MaxTotalUtop))
	case s.ReserveUtop > s.TotalUtop:
		return fmt.Errorf("%w: reserve of %d utop, want at most the total, %d", ErrSchedule, s.ReserveUtop, s.TotalUtop)
	case s.ReserveBps > MaxReserveBps:
		return fmt.Errorf("%w: %d/10,000 of the reserve in a year, want at most %d", ErrSchedule, s.ReserveBps, MaxReserveBps)
	case s.FloorBps > MaxFloorBps:
		return fmt.Errorf("%w: at least %d/10,000 of the total in a year, want at most %d", ErrSchedule, s.FloorBps, MaxFloorBps)
	case s.YearNanos < MinYearNanos || s.YearNanos > MaxYearNanos:
		return fmt.Errorf("%w: a year of %d ns, want %d to %d", ErrSchedule, s.YearNanos, uint64(MinYearNanos), uint64(MaxYearNanos))
	}
	return nil
}

// Year of issuance. Its terms are fixed when it begins.
type Year struct {
	// Number from 1 on.
	Number uint64
	// Reserve that is left when it begins, and Utop that it issues.
	Reserve, Utop uint64
	// Nanos is its length, Elapsed what is over of it.
	Nanos, Elapsed uint64
}

// Begin a year, before which so much was issued.
func (s Schedule) Begin(number, issued uint64) Year {
	y := Year{Number: number, Reserve: s.Left(issued), Nanos: s.YearNanos}
	y.Utop = min(max(scale(y.Reserve, s.ReserveBps, Whole), scale(s.TotalUtop, s.FloorBps, Whole)), Ceiling-min(issued, Ceiling))
	return y
}

// Left of the reserve when so much was issued. It does not become negative: the floor is issued when there is none any more.
func (s Schedule) Left(issued uint64) uint64 { return s.ReserveUtop - min(issued, s.ReserveUtop) }

// Issued so far: ⌊utop × elapsed / length⌋. What one moment's rounding leaves the next one has, and a whole year is issued to the utop.
func (y Year) Issued() uint64 { return scale(y.Utop, y.Elapsed, y.Nanos) }

// Advance the clock by some nanoseconds in the year that runs, before which so much was issued. It answers the year that runs then, those that ended, in order, and what is due.
func (s Schedule) Advance(y Year, before, nanos uint64) (now Year, ended []Year, due uint64) {
	start := y.Issued()
	for nanos >= y.Nanos-y.Elapsed {
		nanos -= y.Nanos - y.Elapsed
		y.Elapsed = y.Nanos
		due += y.Utop - start
		before += y.Utop
		ended = append(ended, y)
		y, start = s.Begin(y.Number+1, before), 0
	}
	y.Elapsed += nanos
	return y, ended, due + y.Issued() - start
}

// Step is by how much the clock moves from one block to the next, both in nanoseconds since 1970: the time between them, at most a bound. Time in which the chain stood still, or
// that a bad quorum makes up, is not paid for.
func Step(last, now int64, most uint64) uint64 {
	if now <= last {
		return 0
	}
	return min(uint64(now)-uint64(last), most)
}

// scale is ⌊a × b / c⌋ for b ≤ c, over the exact product; 0 for c = 0.
func scale(a, b, c uint64) uint64 {
	if c == 0 {
		return 0
	}
	// b is at most c, so the high word is below c, and Div64 is defined.
	high, low := bits.Mul64(a, min(b, c))
	q, _ := bits.Div64(high, low, c)
	return q
}
