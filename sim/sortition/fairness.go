package sortition

import (
	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/sim/finding"
)

const (
	fairCandidates = 60
	fairSize       = 21
	fairStandbys   = 7
)

// fairWeights are those of the candidates, in turn.
var fairWeights = [classes]float64{1, 2, 3}

// fairness asks whether each candidate sits, and stands by, as often as its weight says: chi-square over all candidates but one, in the steady state of rotation.
func fairness(o Options, tell report) error {
	const each = fairCandidates / classes
	law := newRotation(counts{each, each, each}, fairWeights, fairSize, sortition.Rotation(fairSize))
	sits, stands := law.expected(fairStandbys)
	perCandidate := func(of [classes]float64) []float64 {
		expected := make([]float64, fairCandidates-1)
		for i := range expected {
			expected[i] = of[i%classes] / each
		}
		return expected
	}
	members, standbys := newChi(perCandidate(sits)), newChi(perCandidate(stands))

	candidates := pool(fairCandidates, uint64(fairWeights[0]), uint64(fairWeights[1]), uint64(fairWeights[2]))
	index := map[string]int{}
	for i, c := range candidates {
		index[c.Operator] = i
	}
	entries := func(names []string) []int {
		found := make([]int, len(names))
		for i, n := range names {
			found[i] = index[n]
		}
		return found
	}
	epochs := o.epochs(100_000, 30_000)
	e := sortition.Election{Committee: sortition.Committee{Name: shard, Size: fairSize, Standbys: fairStandbys}, Seed: o.start("fairness"), Candidates: candidates}
	for e.Epoch = range uint64(batch + epochs) {
		out, err := o.Rules.Elect(e)
		if err != nil {
			return err
		}
		e.Committee.Sitting = out.Members
		if e.Epoch >= batch {
			members.add(entries(out.Members))
			standbys.add(entries(out.Standbys))
		}
	}
	for _, f := range []struct {
		name string
		chi  *chi
		law  [classes]float64
	}{{"members", members, sits}, {"standbys", standbys, stands}} {
		value, bound := f.chi.statistic()
		err := tell(finding.Finding{Name: "fairness." + f.name + ".chi_square", Value: value, Bound: bound, Conditions: map[string]any{
			"candidates": fairCandidates, "size": fairSize, "standbys": fairStandbys, "weights": fairWeights, "seats_by_weight": f.law, "degrees": fairCandidates - 1, "epochs": epochs,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// expected is how many of each class sit, and how many stand by, on average in the steady state.
func (l rotation) expected(standbys int) (sits, stands [classes]float64) {
	steady := l.steady()
	sits = mean(steady)
	for _, s := range steady {
		if s.p < 1e-15 {
			continue
		}
		for _, left := range draws(s.counts, [classes]float64{1, 1, 1}, l.r) {
			free := l.pool.plus(s.counts.plus(left.counts, -1), -1)
			joined, drawn := mean(draws(free, l.weights, l.r)), mean(draws(free, l.weights, l.r+standbys))
			for i := range stands {
				stands[i] += s.p * left.p * (drawn[i] - joined[i])
			}
		}
	}
	return sits, stands
}
