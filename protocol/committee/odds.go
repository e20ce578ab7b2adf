// Package committee calculates how safe a committee is that was drawn by lot: the odds that it can be stalled or captured. Exact arithmetic; README.md is the
// specification.
package committee

import (
	"errors"
	"fmt"
	"math/big"
)

const (
	// MaxCandidates bounds the work of one calculation: as many members, and as many standbys, as an election takes (protocol/sortition).
	MaxCandidates = 20_000
)

// ErrMalformed is the class of every refusal: a number that the calculation excludes.
var ErrMalformed = errors.New("malformed")

// Odds are probabilities of one draw.
type Odds struct {
	// Stall is that the bad can stop the committee: a third or more of its seats.
	Stall *big.Rat
	// Capture is that the bad can decide alone: more than two thirds of its seats.
	Capture *big.Rat
}

// Quorum is how many of n equal votes decide: more than two thirds.
func Quorum(n int) int { return 2*n/3 + 1 }

// Blocking is how few of n equal votes suffice to stop the others.
func Blocking(n int) int { return n - Quorum(n) + 1 }

// Bad is how many of the candidates a share in millionths makes, rounded up.
func Bad(candidates int, share uint64) (int, error) {
	if share > 1_000_000 || candidates < 0 || candidates > MaxCandidates {
		return 0, fmt.Errorf("%w: a share of %d millionths of %d candidates; want at most 1000000 of at most %d", ErrMalformed, share, candidates, MaxCandidates)
	}
	return int((uint64(candidates)*share + 999_999) / 1_000_000), nil
}

// Pool is what committees are drawn from.
type Pool struct{ Candidates, Bad int }

// Draw gives the odds of a committee of size n, drawn without replacement, each set of n candidates with the same chance (hypergeometric).
func (p Pool) Draw(n int) (Odds, error) {
	if err := p.check(n); err != nil {
		return Odds{}, err
	}
	ways := p.ways(n)
	all := new(big.Int).Binomial(int64(p.Candidates), int64(n))
	return Odds{Stall: new(big.Rat).SetFrac(sum(ways[Blocking(n):]), all), Capture: new(big.Rat).SetFrac(sum(ways[Quorum(n):]), all)}, nil
}

// DrawAudited gives the odds of a committee of size n together with m auditors drawn from the candidates that are left: Stall is that either can be stopped, Capture that
// both are captured, which is what a false block that counts as audited takes.
func (p Pool) DrawAudited(n, m int) (Odds, error) {
	if err := p.check(n, m); err != nil {
		return Odds{}, err
	}
	goes, captured := new(big.Int), new(big.Int)
	ways, others := p.ways(n), p.Candidates-n
	sets := new(big.Int).Binomial(int64(others), int64(m))
	goOn, uncaptured := fewer(others, p.Bad, m, Blocking(m)), fewer(others, p.Bad, m, Quorum(m))
	for bad, ways := range ways {
		switch left := p.Bad - bad; {
		case ways.Sign() == 0:
		case bad < Blocking(n):
			goes.Add(goes, ways.Mul(ways, goOn[left]))
		case bad >= Quorum(n):
			captured.Add(captured, ways.Mul(ways, new(big.Int).Sub(sets, uncaptured[left])))
		}
	}
	all := sets.Mul(sets, new(big.Int).Binomial(int64(p.Candidates), int64(n)))
	return Odds{Stall: new(big.Rat).SetFrac(new(big.Int).Sub(all, goes), all), Capture: new(big.Rat).SetFrac(captured, all)}, nil
}

func (p Pool) check(sizes ...int) error {
	total := 0
	for _, n := range sizes {
		if n < 1 || n > MaxCandidates {
			return fmt.Errorf("%w: a committee of %d, want 1 to %d", ErrMalformed, n, MaxCandidates)
		}
		total += n
	}
	if p.Candidates > MaxCandidates || p.Bad < 0 || p.Bad > p.Candidates || total > p.Candidates {
		return fmt.Errorf("%w: %d seats from %d candidates of whom %d are bad; want no more seats, and no more bad ones, than candidates, and at most %d candidates",
			ErrMalformed, total, p.Candidates, p.Bad, MaxCandidates)
	}
	return nil
}

// ways counts, for each number of bad members, the sets of n that have it: C(bad, i) × C(good, n − i). Divided by C(candidates, n) it is the chance.
func (p Pool) ways(n int) []*big.Int {
	bad, good := binomials(p.Bad, n), binomials(p.Candidates-p.Bad, n)
	ways := make([]*big.Int, n+1)
	for i := range ways {
		ways[i] = new(big.Int).Mul(bad[i], good[n-i])
	}
	return ways
}

// fewer counts the sets of m of so many candidates with fewer than k bad ones, for each number of bad candidates from 0 to bad, or to all. One candidate that turns bad takes those sets away
// that have it, k − 1 of the b bad ones before it, and m − k of the good ones left: C(b, k − 1) × C(candidates − 1 − b, m − k).
func fewer(candidates, bad, m, k int) []*big.Int {
	sets := []*big.Int{new(big.Int).Binomial(int64(candidates), int64(m))}
	fromBad, fromGood := new(big.Int), new(big.Int)
	if m >= k {
		fromGood.Binomial(int64(candidates-1), int64(m-k))
	}
	for b := range min(bad, candidates) {
		switch {
		case b == k-1:
			fromBad.SetInt64(1)
		case b >= k:
			scale(fromBad, b, b-k+1)
		}
		taken := new(big.Int).Mul(fromBad, fromGood)
		sets = append(sets, taken.Sub(sets[b], taken))
		if good := candidates - 1 - b; good > 0 {
			scale(fromGood, max(0, good-(m-k)), good)
		}
	}
	return sets
}

// scale x by a fraction that leaves it whole.
func scale(x *big.Int, by, over int) {
	x.Mul(x, big.NewInt(int64(by)))
	x.Quo(x, big.NewInt(int64(over)))
}

// binomials is C(n, 0) … C(n, k), each from the one before: C(n, i) = C(n, i − 1) × (n − i + 1) / i.
func binomials(n, k int) []*big.Int {
	row := make([]*big.Int, k+1)
	row[0] = big.NewInt(1)
	for i := 1; i <= k; i++ {
		row[i] = new(big.Int).Mul(row[i-1], big.NewInt(int64(max(0, n-i+1))))
		row[i].Quo(row[i], big.NewInt(int64(i)))
	}
	return row
}

func sum(ways []*big.Int) *big.Int {
	s := new(big.Int)
	for _, w := range ways {
		s.Add(s, w)
	}
	return s
}
