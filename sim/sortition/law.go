package sortition

import "math"

// The laws that the draws must follow, calculated without any election: candidates of one class are alike, so a committee is how many of each class it has. Floats serve:
// nothing here decides on a chain.

// classes bounds the number of classes.
const classes = 3

type counts [classes]int

func (c counts) plus(d counts, sign int) counts {
	for i := range c {
		c[i] += sign * d[i]
	}
	return c
}

// chance is one outcome with its probability.
type chance struct {
	counts counts
	p      float64
}

// draws is the law of k draws by weight without replacement: how many of each class are taken.
func draws(have counts, weights [classes]float64, k int) []chance {
	law := []chance{{p: 1}}
	for range k {
		// The map only finds outcomes that can be reached in two ways; the order is that of the slice, so sums round the same in every run.
		index := map[counts]int{}
		var next []chance
		for _, c := range law {
			var line float64
			for i, w := range weights {
				line += w * float64(have[i]-c.counts[i])
			}
			for i, w := range weights {
				p := c.p * w * float64(have[i]-c.counts[i]) / line
				if p == 0 {
					continue
				}
				to := c.counts
				to[i]++
				at, ok := index[to]
				if !ok {
					at = len(next)
					index[to] = at
					next = append(next, chance{counts: to})
				}
				next[at].p += p
			}
		}
		law = next
	}
	return law
}

// rotation is the law of a committee of n of which r leave by equal lot and r join by weight.
type rotation struct {
	pool    counts
	weights [classes]float64
	n, r    int
	states  []counts
}

func newRotation(pool counts, weights [classes]float64, n, r int) rotation {
	law := rotation{pool: pool, weights: weights, n: n, r: r}
	for a := 0; a <= min(n, pool[0]); a++ {
		for b := 0; a+b <= n && b <= pool[1]; b++ {
			if c := n - a - b; c <= pool[2] {
				law.states = append(law.states, counts{a, b, c})
			}
		}
	}
	return law
}

// kernel[i][j] is the probability that state j follows state i.
func (l rotation) kernel() [][]float64 {
	index := map[counts]int{}
	for i, s := range l.states {
		index[s] = i
	}
	kernel := make([][]float64, len(l.states))
	for i, s := range l.states {
		kernel[i] = make([]float64, len(l.states))
		for _, left := range draws(s, [classes]float64{1, 1, 1}, l.r) {
			stay := s.plus(left.counts, -1)
			for _, joined := range draws(l.pool.plus(stay, -1), l.weights, l.r) {
				kernel[i][index[stay.plus(joined.counts, 1)]] += left.p * joined.p
			}
		}
	}
	return kernel
}

// steady is the law of the committee after very many epochs.
func (l rotation) steady() []chance {
	kernel := l.kernel()
	p := make([]float64, len(kernel))
	p[0] = 1
	p = settle(p, func(p, next []float64) {
		for i, row := range kernel {
			for j, q := range row {
				next[j] += p[i] * q
			}
		}
	})
	law := make([]chance, len(p))
	for i := range p {
		law[i] = chance{l.states[i], p[i]}
	}
	return law
}

// settle applies a step until nothing changes any more.
func settle(p []float64, step func(p, next []float64)) []float64 {
	const steps, small = 1_000_000, 1e-13
	for range steps {
		next := make([]float64, len(p))
		step(p, next)
		var change float64
		for i := range p {
			change += math.Abs(next[i] - p[i])
		}
		p = next
		if change < small {
			break
		}
	}
	return p
}

// mean is how many of each class the law has on average.
func mean(law []chance) (m [classes]float64) {
	for _, c := range law {
		for i := range m {
			m[i] += c.p * float64(c.counts[i])
		}
	}
	return m
}
