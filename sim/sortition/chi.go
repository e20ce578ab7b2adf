package sortition

import "math"

// chi is a chi-square statistic of means that resemble their neighbours in time: with d = means − expected, m × dᵀ S⁻¹ d, where S is the covariance of the batches
// (Hotelling). Independent epochs would give Pearson's.
type chi struct {
	epoch, expected []float64
	batches         [][]float64
	count           int
}

// newChi expects this of the mean of each entry. Entries that sum up to a fixed number must leave one out.
func newChi(expected []float64) *chi {
	return &chi{expected: expected, epoch: make([]float64, len(expected))}
}

// add counts one epoch, in which these entries were one and the others none.
func (c *chi) add(entries []int) {
	for _, i := range entries {
		if i < len(c.epoch) {
			c.epoch[i]++
		}
	}
	if c.count++; c.count == batch {
		for i := range c.epoch {
			c.epoch[i] /= batch
		}
		c.batches = append(c.batches, c.epoch)
		c.epoch, c.count = make([]float64, len(c.expected)), 0
	}
}

// statistic and the point that it passes by chance once in three million times. The covariance is estimated: the factor takes out what that adds on average.
func (c *chi) statistic() (value, bound float64) {
	m, k := float64(len(c.batches)), len(c.expected)
	d := make([]float64, k)
	for _, b := range c.batches {
		for i := range d {
			d[i] += (b[i] - c.expected[i]) / m
		}
	}
	covariance := make([][]float64, k)
	for i := range covariance {
		covariance[i] = make([]float64, k)
		for _, b := range c.batches {
			for j := range k {
				covariance[i][j] += (b[i] - c.expected[i] - d[i]) * (b[j] - c.expected[j] - d[j]) / (m - 1)
			}
		}
	}
	for i, x := range solve(covariance, d) {
		value += m * d[i] * x
	}
	return value * (m - float64(k)) / (m - 1), quantile(float64(k))
}

// quantile of chi-square by Wilson and Hilferty's cube, deviations above the middle.
func quantile(degrees float64) float64 {
	a := 2 / (9 * degrees)
	return degrees * math.Pow(1-a+deviations*math.Sqrt(a), 3)
}

// solve finds x with a x = b by elimination. Its arguments stay as they are.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = append(append([]float64{}, a[i]...), b[i])
	}
	for i := range rows {
		pivot := i
		for j := i + 1; j < n; j++ {
			if math.Abs(rows[j][i]) > math.Abs(rows[pivot][i]) {
				pivot = j
			}
		}
		rows[i], rows[pivot] = rows[pivot], rows[i]
		for j := i + 1; j < n; j++ {
			factor := rows[j][i] / rows[i][i]
			for k := i; k <= n; k++ {
				rows[j][k] -= factor * rows[i][k]
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = rows[i][n]
		for j := i + 1; j < n; j++ {
			x[i] -= rows[i][j] * x[j]
		}
		x[i] /= rows[i][i]
	}
	return x
}
