package sortition

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/sortition"
)

func askFairness(t *testing.T, elect func(sortition.Election) (sortition.Outcome, error)) []string {
	o := real()
	o.Rules.Elect = elect
	return broken(ask(t, func(tell report) error { return fairness(o, tell) }))
}

func TestSeatsFollowStake(t *testing.T) { require.Empty(t, askFairness(t, sortition.Election.Run)) }

// One candidate of sixty that counts twice is seen, and so are standbys in an order of their own.
func TestUnfairDrawsAreSeen(t *testing.T) {
	require.Contains(t, askFairness(t, favouring(func(name string) bool { return name == "node0030" }, 100)), "fairness.members.chi_square")

	require.Equal(t, []string{"fairness.standbys.chi_square"}, askFairness(t, func(e sortition.Election) (sortition.Outcome, error) {
		more := e
		more.Committee.Standbys += 2
		out, err := more.Run()
		slices.Sort(out.Standbys)
		out.Standbys = out.Standbys[:e.Committee.Standbys]
		return out, err
	}))
}

// Batches that are known: two entries without covariance, each with variance v and m batches, have a statistic of m × Σ d² / v, with the factor for an estimated covariance.
func TestChiSquareByHand(t *testing.T) {
	c := newChi([]float64{0.4, 0.5})
	for _, hits := range [][2]int{{60, 60}, {40, 60}, {60, 40}, {40, 40}} {
		for epoch := range batch {
			var entries []int
			for i, n := range hits {
				if epoch < n {
					entries = append(entries, i)
				}
			}
			c.add(entries)
		}
	}
	value, _ := c.statistic()
	variance := 4 * 0.01 / 3
	require.InDelta(t, 4*0.01/variance*(4-2)/3.0, value, 1e-9)
}

// Of even degrees k chi-square passes x with e^(−x/2) Σ (x/2)^i / i!, i < k/2: the bound is passed once in three million times, as five deviations of a normal figure are.
func TestQuantile(t *testing.T) {
	for _, degrees := range []int{58, 60, 200} {
		x := quantile(float64(degrees)) / 2
		term, sum := 1.0, 0.0
		for i := range degrees / 2 {
			sum += term
			term *= x / float64(i+1)
		}
		require.InEpsilon(t, 0.5*math.Erfc(deviations/math.Sqrt2), math.Exp(-x)*sum, 0.15)
	}
}
