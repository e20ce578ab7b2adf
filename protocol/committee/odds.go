// Package committee calculates how safe a committee is that was drawn by lot: the odds that it can be stalled or captured. Exact arithmetic; README.md is the
// specification.
package committee

import (
	"errors"
	"fmt"
	"math/big"
)

const (
	// MaxCandidates and MaxSize bound the work of one calculation.
	MaxCandidates = 10_000
	MaxSize       = 300
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
	all := binomials(p.Candidates, n)[n]
	return Odds{Stall: new(big.Rat).SetFrac(sum(ways[Blocking(n):]), all), Capture: new(big.Rat).SetFrac(sum(ways[Quorum(n):]), all)}, nil
}

// DrawAudited gives the odds of a committee of size n together with m auditors drawn from the candidates that are left: Stall is that either can be stopped, Capture that
// both are captured, which is what a false block that counts as audited takes.
func (p Pool) DrawAudited(n, m int) (Odds, error) {
	if err := p.check(n, m); err != nil {
		return Odds{}, err
	}
	goes, captured := new(big.Int), new(big.Int)
	for bad, ways := range p.ways(n) {
		if ways.Sign() == 0 || (bad >= Blocking(n) && bad < Quorum(n)) {
			continue
		}
		auditors := Pool{Candidates: p.Candidates - n, Bad: p.Bad - bad}.ways(m)
		if bad < Blocking(n) {
			goes.Add(goes, ways.Mul(ways, sum(auditors[:Blocking(m)])))
		} else {
			captured.Add(captured, ways.Mul(ways, sum(auditors[Quorum(m):])))
		}
	}
	all := new(big.Int).Mul(binomials(p.Candidates, n)[n], binomials(p.Candidates-n, m)[m])
	return Odds{Stall: new(big.Rat).SetFrac(new(big.Int).Sub(all, goes), all), Capture: new(big.Rat).SetFrac(captured, all)}, nil
}

func (p Pool) check(sizes ...int) error {
	total := 0
	for _, n := range sizes {
		if n < 1 || n > MaxSize {
			return fmt.Errorf("%w: a committee of %d, want 1 to %d", ErrMalformed, n, MaxSize)
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
