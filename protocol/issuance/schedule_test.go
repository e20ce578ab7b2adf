package issuance_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/issuance"
)

const (
	top    = 1_000_000
	second = 1_000_000_000
	year   = 31_558_150 * second
)

// original network's schedule.
var original = issuance.Schedule{TotalUtop: 20_000_000_000 * top, ReserveUtop: 7_600_000_000 * top, ReserveBps: 800, FloorBps: 200, YearNanos: year}

// years of a schedule as they begin, from the first one on.
func years(s issuance.Schedule, count int) []issuance.Year {
	var out []issuance.Year
	var issued uint64
	for n := range count {
		y := s.Begin(uint64(n)+1, issued)
		issued += y.Utop
		out = append(out, y)
	}
	return out
}

// A table for other implementations: 8 % of what is left of the reserve, from the seventh year on 2 % of the supply, also when the reserve is empty.
func TestOriginalSchedule(t *testing.T) {
	want := []struct{ utop, reserve uint64 }{
		{608_000_000_000_000, 7_600_000_000_000_000},
		{559_360_000_000_000, 6_992_000_000_000_000},
		{514_611_200_000_000, 6_432_640_000_000_000},
		{473_442_304_000_000, 5_918_028_800_000_000},
		{435_566_919_680_000, 5_444_586_496_000_000},
		{400_721_566_105_600, 5_009_019_576_320_000},
		{400_000_000_000_000, 4_608_298_010_214_400},
	}
	all := years(original, 100)
	for i, w := range want {
		require.Equal(t, issuance.Year{Number: uint64(i) + 1, Utop: w.utop, Reserve: w.reserve, Nanos: year}, all[i])
	}
	require.EqualValues(t, 208_298_010_214_400, all[17].Reserve, "the last of the reserve is less than the floor")
	require.EqualValues(t, 0, all[18].Reserve)
	for _, y := range all[6:] {
		require.EqualValues(t, 400_000_000*top, y.Utop, "year %d", y.Number)
	}
	var sum uint64
	for _, y := range all {
		sum += y.Utop
	}
	require.EqualValues(t, 40_591_701_989_785_600, sum)
}

// A hundred years in steps of whatever length: at every moment what is issued is the schedule's amount, rounded down, never above it; every year is issued to the utop, and the parts of
// it sum to it.
func TestHundredYearsSumToTheSchedule(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := original
		s.YearNanos = rapid.Uint64Range(issuance.MinYearNanos, 40*issuance.MinYearNanos).Draw(r, "year")
		s.ReserveUtop = rapid.Uint64Range(0, s.TotalUtop).Draw(r, "reserve")
		s.ReserveBps, s.FloorBps = rapid.Uint64Range(0, issuance.MaxReserveBps).Draw(r, "rate"), rapid.Uint64Range(0, issuance.MaxFloorBps).Draw(r, "floor")
		require.NoError(r, s.Check())
		plan := years(s, 102)
		now := s.Begin(1, 0)
		var before, issued, clock uint64
		var over []issuance.Year
		for len(over) < 100 {
			step := rapid.Uint64Range(0, s.YearNanos*3/2).Draw(r, "step")
			var ended []issuance.Year
			var due uint64
			now, ended, due = s.Advance(now, before, step)
			clock, issued = clock+step, issued+due
			for _, y := range ended {
				before += y.Utop
				over = append(over, y)
			}
			require.Equal(r, exact(plan, s.YearNanos, clock), issued)
		}
		for i, y := range over {
			want := plan[i]
			want.Elapsed = want.Nanos
			require.Equal(r, want, y)
			require.Equal(r, y.Utop, y.Issued())
		}
		require.Equal(r, before+now.Issued(), issued)
	})
}

// exact is what a plan has issued at a time, by arithmetic without bounds.
func exact(plan []issuance.Year, nanos, clock uint64) uint64 {
	var sum uint64
	running := clock / nanos
	for _, y := range plan[:running] {
		sum += y.Utop
	}
	part := new(big.Int).SetUint64(plan[running].Utop)
	part.Mul(part, new(big.Int).SetUint64(clock%nanos))
	return sum + part.Div(part, new(big.Int).SetUint64(nanos)).Uint64()
}

// One step over several years is the same as many.
func TestOneStepIsAsManyOnes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.Uint64Range(0, year), 1, 8).Draw(r, "steps")
		begin := original.Begin(1, 0)
		var before, issued, sum uint64
		now := begin
		var over []issuance.Year
		for _, step := range steps {
			var ended []issuance.Year
			var due uint64
			now, ended, due = original.Advance(now, before, step)
			for _, y := range ended {
				before += y.Utop
			}
			over, issued, sum = append(over, ended...), issued+due, sum+step
		}
		once, ended, due := original.Advance(begin, 0, sum)
		require.Equal(r, now, once)
		require.Equal(r, over, ended)
		require.Equal(r, issued, due)
	})
}

// A change of the schedule counts from the next year on.
func TestTermsOfAYearAreFixed(t *testing.T) {
	now, _, _ := original.Advance(original.Begin(1, 0), 0, year/2)
	changed := original
	changed.ReserveBps, changed.FloorBps, changed.YearNanos = 0, 100, 2*year
	now, ended, due := changed.Advance(now, 0, year/2)
	require.Len(t, ended, 1)
	require.EqualValues(t, 304_000_000*top, due)
	require.Equal(t, issuance.Year{Number: 2, Reserve: 6_992_000_000 * top, Utop: 200_000_000 * top, Nanos: 2 * year}, now)
}

// The clock moves with the time of blocks, never back, and never further than the bound.
func TestStep(t *testing.T) {
	const most = 60 * second
	for _, c := range []struct {
		last, now int64
		want      uint64
	}{
		{0, 5 * second, 5 * second},
		{5 * second, 5 * second, 0},
		{5 * second, second, 0},
		{0, 60 * second, most},
		{0, 61 * second, most},
		{-1 << 63, 1<<63 - 1, most},
		{1<<63 - 1, -1 << 63, 0},
	} {
		require.Equal(t, c.want, issuance.Step(c.last, c.now, most), "%d to %d", c.last, c.now)
	}
}

// Nothing is issued above the ceiling, however long a chain lives.
func TestCeiling(t *testing.T) {
	s := issuance.Schedule{TotalUtop: issuance.MaxTotalUtop, ReserveUtop: issuance.MaxTotalUtop, ReserveBps: issuance.MaxReserveBps, FloorBps: issuance.MaxFloorBps, YearNanos: issuance.MinYearNanos}
	require.NoError(t, s.Check())
	require.EqualValues(t, 7, s.Begin(9, issuance.Ceiling-7).Utop)
	require.Zero(t, s.Begin(9, issuance.Ceiling).Utop)
	require.Zero(t, s.Begin(9, 1<<64-1).Utop)
	now, ended, due := s.Advance(s.Begin(1, issuance.Ceiling-7), issuance.Ceiling-7, 3*issuance.MinYearNanos)
	require.Len(t, ended, 3)
	require.EqualValues(t, 7, due)
	require.Zero(t, now.Utop)
}

func TestSchedulesThatAreRefused(t *testing.T) {
	require.NoError(t, original.Check())
	for name, change := range map[string]func(*issuance.Schedule){
		"no total":             func(s *issuance.Schedule) { s.TotalUtop = 0 },
		"total too large":      func(s *issuance.Schedule) { s.TotalUtop = issuance.MaxTotalUtop + 1 },
		"more than the total":  func(s *issuance.Schedule) { s.ReserveUtop = s.TotalUtop + 1 },
		"reserve in few years": func(s *issuance.Schedule) { s.ReserveBps = issuance.MaxReserveBps + 1 },
		"high floor":           func(s *issuance.Schedule) { s.FloorBps = issuance.MaxFloorBps + 1 },
		"short year":           func(s *issuance.Schedule) { s.YearNanos = issuance.MinYearNanos - 1 },
		"long year":            func(s *issuance.Schedule) { s.YearNanos = issuance.MaxYearNanos + 1 },
	} {
		s := original
		change(&s)
		require.ErrorIs(t, s.Check(), issuance.ErrSchedule, name)
	}
}
