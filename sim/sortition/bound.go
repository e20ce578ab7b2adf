package sortition

import (
	"math"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/protocol/sortition"
)

// coalition is what a bound on bias depends on: bad of the candidates collude, all of equal weight, in a committee of that size, with so many sealers per epoch.
type coalition struct{ candidates, bad, size, sealers int }

func newCoalition(candidates int, ppm uint64, size, sealers int) (coalition, error) {
	bad, err := committee.Bad(candidates, ppm)
	return coalition{candidates, bad, size, sealers}, err
}

// tails is the law of the tail: tails[b] is the probability that exactly the last b sealers collude.
func (c coalition) tails() []float64 {
	law := make([]float64, c.sealers+1)
	atLeast := 1.0
	for b := range law {
		next := atLeast * float64(c.bad-b) / float64(c.candidates-b)
		if b == c.sealers {
			next = 0
		}
		law[b] = atLeast - next
		atLeast = next
	}
	return law
}

// choices is among how many seeds the colluders choose, where b of them are the tail.
type choices func(b int) float64

// perTail is the design's promise: one bit per consecutive colluder at the tail.
func perTail(b int) float64 { return math.Exp2(float64(b)) }

// bound is the most that colluders reach in the long run.
type bound struct {
	// Seats is their share of seats, Bits their mean tail, Owned how often all sealers are theirs.
	Seats, Bits, Owned float64
}

// seatsFirst is the bound for who cares for seats alone: tails come as they come.
func (c coalition) seatsFirst(n choices) bound { return c.bound(n, func(int) float64 { return 1 }) }

// anyStrategy is the bound for everyone: as if the best seed for seats were the best one for the next tail, too.
func (c coalition) anyStrategy(n choices) bound { return c.bound(n, n) }

// bound follows the pair of tail and seats: of so many seeds the most seats, of so many the longest tail. The best of N independent draws is at most y with F(y)^N.
func (c coalition) bound(forSeats, forTail choices) bound {
	law := newRotation(counts{c.candidates - c.bad, c.bad}, [classes]float64{1, 1, 1}, c.size, sortition.Rotation(c.size))
	kernel := law.kernel()
	// States run from few honest members to many; turned round they are the number of bad ones, ascending.
	n := len(kernel)
	seats := make([][][]float64, c.sealers+1)
	tails := make([][]float64, c.sealers+1)
	for b := range tails {
		tails[b] = best(c.tails(), forTail(b))
		for i := range kernel {
			row := make([]float64, n)
			for j := range row {
				row[j] = kernel[n-1-i][n-1-j]
			}
			seats[b] = append(seats[b], best(row, forSeats(b)))
		}
	}
	start := make([]float64, (c.sealers+1)*n)
	start[0] = 1
	p := settle(start, func(p, next []float64) {
		for b := range tails {
			after := make([]float64, n)
			for i := range n {
				for j, q := range seats[b][i] {
					after[j] += p[b*n+i] * q
				}
			}
			for to, q := range tails[b] {
				for j, a := range after {
					next[to*n+j] += q * a
				}
			}
		}
	})
	var out bound
	for b := range tails {
		for i := range n {
			q := p[b*n+i]
			out.Seats += q * float64(law.states[n-1-i][1]) / float64(c.size)
			out.Bits += q * float64(b)
			if b == c.sealers {
				out.Owned += q
			}
		}
	}
	return out
}

// untilOwned is how many epochs pass, on average and at the least, until all sealers of one collude.
func (c coalition) untilOwned(n choices) float64 {
	// Each tail waits one epoch, and then what the tail after it waits.
	k := c.sealers
	waits, ones := make([][]float64, k), make([]float64, k)
	for b := range k {
		waits[b], ones[b] = best(c.tails(), n(b))[:k], 1
		for to := range waits[b] {
			waits[b][to] *= -1
		}
		waits[b][b]++
	}
	return solve(waits, ones)[0]
}

// best is the law of the largest of n independent values, each with this law.
func best(law []float64, n float64) []float64 {
	out := make([]float64, len(law))
	var below, before float64
	for i, p := range law {
		below += p
		upTo := math.Pow(min(below, 1), n)
		if i == len(law)-1 {
			upTo = 1
		}
		out[i], before = upTo-before, upTo
	}
	return out
}
