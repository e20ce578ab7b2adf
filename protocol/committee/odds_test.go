package committee

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/sortition"
)

// Figures from an independent calculation with exact fractions (Python: fractions.Fraction, math.comb).
func TestKnownOdds(t *testing.T) {
	for _, c := range []struct {
		pool           Pool
		n              int
		stall, capture string
	}{
		// A committee of 21 is for liveness, not for safety: with a fifth bad it can be stalled in one epoch of ten.
		{Pool{200, 40}, 21, "9.638e-2", "6.555e-8"},
		{Pool{200, 40}, 100, "3.820e-7", "0"},
		{Pool{1000, 250}, 21, "2.546e-1", "8.020e-6"},
		{Pool{1000, 200}, 64, "3.842e-3", "1.697e-17"},
		{Pool{150, 49}, 150, "0", "0"},
		{Pool{150, 50}, 150, "1.000e0", "0"},
		{Pool{4, 1}, 4, "0", "0"},
		{Pool{10, 3}, 3, "7.084e-1", "8.334e-3"},
		// Large ones, up to the largest that an election makes.
		{Pool{1200, 390}, 1000, "7.887e-2", "0"},
		{Pool{2000, 600}, 1000, "5.348e-4", "0"},
		{Pool{10_000, 3000}, 1000, "7.784e-3", "4.269e-142"},
		{Pool{10_000, 3300}, 1000, "4.009e-1", "1.509e-117"},
		{Pool{10_000, 3300}, 5000, "2.415e-1", "0"},
		{Pool{20_000, 6600}, 10_000, "1.569e-1", "0"},
	} {
		odds, err := c.pool.Draw(c.n)
		require.NoError(t, err)
		require.Equal(t, c.stall, Scientific(odds.Stall, 4), "%+v", c)
		require.Equal(t, c.capture, Scientific(odds.Capture, 4), "%+v", c)
	}
	odds, err := Pool{200, 40}.Draw(21)
	require.NoError(t, err)
	require.Equal(t, "10642541180452039345/110423053516671712938", odds.Stall.String())
	require.Equal(t, uint64(96_380), PPM(odds.Stall))
}

func TestKnownOddsWithAuditors(t *testing.T) {
	for _, c := range []struct {
		pool           Pool
		n, m           int
		stall, capture string
	}{
		{Pool{200, 40}, 21, 21, "1.871e-1", "3.019e-18"},
		{Pool{1000, 250}, 21, 21, "4.468e-1", "3.643e-11"},
		{Pool{200, 66}, 21, 7, "7.646e-1", "3.323e-6"},
		{Pool{30, 6}, 12, 7, "2.733e-1", "0"},
		{Pool{10_000, 3000}, 1000, 1000, "1.555e-2", "2.382e-326"},
		{Pool{2000, 640}, 1000, 300, "4.066e-1", "0"},
		{Pool{10_000, 6400}, 1000, 500, "1.000e0", "2.309e-3"},
	} {
		odds, err := c.pool.DrawAudited(c.n, c.m)
		require.NoError(t, err)
		require.Equal(t, c.stall, Scientific(odds.Stall, 4), "%+v", c)
		require.Equal(t, c.capture, Scientific(odds.Capture, 4), "%+v", c)
	}
}

// Every ordered draw of committee and auditors, one by one: no formula.
func TestOddsAreThoseOfAllDraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pool{Candidates: rapid.IntRange(2, 9).Draw(t, "candidates")}
		p.Bad = rapid.IntRange(0, p.Candidates).Draw(t, "bad")
		n := rapid.IntRange(1, p.Candidates-1).Draw(t, "size")
		m := rapid.IntRange(1, p.Candidates-n).Draw(t, "auditors")
		var all, stall, capture, stallAudited, captureAudited int64
		// Each candidate is in the committee, an auditor, or neither; a bit string per duty.
		for members := range 1 << p.Candidates {
			for auditors := range 1 << p.Candidates {
				if members&auditors != 0 || ones(members) != n || ones(auditors) != m {
					continue
				}
				isBad := 1<<p.Bad - 1
				a, b := 3*ones(members&isBad), 3*ones(auditors&isBad)
				all++
				count(&stall, a >= n)
				count(&capture, a > 2*n)
				count(&stallAudited, a >= n || b >= m)
				count(&captureAudited, a > 2*n && b > 2*m)
			}
		}
		alone, err := p.Draw(n)
		require.NoError(t, err)
		require.Equal(t, big.NewRat(stall, all).String(), alone.Stall.String())
		require.Equal(t, big.NewRat(capture, all).String(), alone.Capture.String())
		audited, err := p.DrawAudited(n, m)
		require.NoError(t, err)
		require.Equal(t, big.NewRat(stallAudited, all).String(), audited.Stall.String())
		require.Equal(t, big.NewRat(captureAudited, all).String(), audited.Capture.String())
	})
}

func ones(bits int) (n int) {
	for ; bits != 0; bits &= bits - 1 {
		n++
	}
	return n
}

func count(n *int64, yes bool) {
	if yes {
		*n++
	}
}

// Real elections are stalled as often as calculated, rotated ones included: 21 of 200, a fifth bad.
func TestElectionsHaveTheseOdds(t *testing.T) {
	candidates := make([]sortition.Candidate, 200)
	for i := range candidates {
		candidates[i] = sortition.Candidate{Operator: string([]rune{'a' + rune(i%5), 'a' + rune(i/5)}), Weight: 7}
	}
	odds, err := Pool{200, 40}.Draw(21)
	require.NoError(t, err)
	want, _ := odds.Stall.Float64()
	const epochs = 12_000
	var stalled [2]int
	e := sortition.Election{Committee: sortition.Committee{Name: "top-shard-1", Size: 21}, Candidates: candidates}
	for e.Epoch = range uint64(epochs) {
		rotated, err := e.Run()
		require.NoError(t, err)
		anew := e
		anew.Committee.Sitting = nil
		fresh, err := anew.Run()
		require.NoError(t, err)
		for i, out := range []sortition.Outcome{fresh, rotated} {
			bad := 0
			for _, m := range out.Members {
				if m[0] == 'a' {
					bad++
				}
			}
			if bad >= Blocking(21) {
				stalled[i]++
			}
		}
		e.Committee.Sitting = rotated.Members
	}
	t.Logf("stalled: drawn anew %d, rotated %d of %d, calculated %.4f", stalled[0], stalled[1], epochs, want)
	// Deviations: 0.0027 for independent draws; about three times that for rotation, whose epochs resemble each other.
	require.InDelta(t, want, float64(stalled[0])/epochs, 0.011)
	require.InDelta(t, want, float64(stalled[1])/epochs, 0.033)
}

func TestQuorums(t *testing.T) {
	for n, want := range map[int][2]int{1: {1, 1}, 2: {2, 1}, 3: {3, 1}, 4: {3, 2}, 6: {5, 2}, 7: {5, 3}, 21: {15, 7}, 100: {67, 34}} {
		require.Equal(t, want, [2]int{Quorum(n), Blocking(n)}, "%d", n)
	}
	for n := range 400 {
		require.True(t, 3*Quorum(n) > 2*n && 3*(Quorum(n)-1) <= 2*n)
	}
}

func TestNumbersThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		pool Pool
		n    int
	}{{Pool{10, 3}, 0}, {Pool{10, 3}, -1}, {Pool{10, 3}, 11}, {Pool{10, 11}, 3}, {Pool{10, -1}, 3}, {Pool{0, 0}, 1}, {Pool{MaxCandidates + 1, 1}, 3}, {Pool{1000, 1}, MaxCandidates + 1}} {
		_, err := c.pool.Draw(c.n)
		require.ErrorIs(t, err, ErrMalformed, "%+v", c)
		_, err = c.pool.DrawAudited(c.n, 1)
		require.ErrorIs(t, err, ErrMalformed, "%+v", c)
	}
	_, err := Pool{10, 3}.DrawAudited(6, 5)
	require.ErrorIs(t, err, ErrMalformed)
	for _, share := range []uint64{1_000_001, 1 << 63} {
		_, err := Bad(10, share)
		require.ErrorIs(t, err, ErrMalformed)
	}
	for _, c := range []struct {
		candidates int
		share      uint64
		want       int
	}{{200, 200_000, 40}, {201, 200_000, 41}, {10, 1, 1}, {10, 0, 0}, {10, 1_000_000, 10}, {0, 500_000, 0}} {
		got, err := Bad(c.candidates, c.share)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		num, denom int64
		digits     int
		want       string
		ppm        uint64
	}{
		{0, 1, 3, "0", 0},
		{1, 1, 3, "1.00e0", 1_000_000},
		{1, 3, 3, "3.34e-1", 333_334},
		{1, 3, 1, "4e-1", 333_334},
		{1, 3, 0, "4e-1", 333_334},
		{1, 1000, 2, "1.0e-3", 1000},
		{999, 1000, 2, "1.0e0", 999_000},
		{99_949, 10_000_000, 3, "1.00e-2", 9995},
		{1, 1_000_000_000_000, 2, "1.0e-12", 1},
	} {
		p := big.NewRat(c.num, c.denom)
		require.Equal(t, c.want, Scientific(p, c.digits), "%s", p)
		require.Equal(t, c.ppm, PPM(p), "%s", p)
	}
}

func BenchmarkDrawAudited(b *testing.B) {
	for b.Loop() {
		if _, err := (Pool{MaxCandidates, MaxCandidates / 3}).DrawAudited(MaxCandidates/2, MaxCandidates/2); err != nil {
			b.Fatal(err)
		}
	}
}
