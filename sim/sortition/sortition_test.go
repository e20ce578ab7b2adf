package sortition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/sim/finding"
)

// ask collects what a question reports.
func ask(t *testing.T, question func(report) error) map[string]finding.Finding {
	t.Helper()
	found := map[string]finding.Finding{}
	require.NoError(t, question(func(f finding.Finding) error {
		require.NotContains(t, found, f.Name)
		found[f.Name] = f
		t.Logf("%s: %.4f, bound %.4f", f.Name, f.Value, f.Bound)
		return nil
	}))
	require.NotEmpty(t, found)
	return found
}

func broken(found map[string]finding.Finding) []string {
	names := []string{}
	for name, f := range found {
		if f.Broken() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func real() Options { return Options{Rules: Real(), Quick: true, Seed: 1} }

// favouring is an election in which some weigh more than their stake.
func favouring(whom func(name string) bool, percent uint64) func(sortition.Election) (sortition.Outcome, error) {
	return func(e sortition.Election) (sortition.Outcome, error) {
		e.Candidates = slices.Clone(e.Candidates)
		for i := range e.Candidates {
			e.Candidates[i].Weight *= 100
			if whom(e.Candidates[i].Operator) {
				e.Candidates[i].Weight = e.Candidates[i].Weight / 100 * (100 + percent)
			}
		}
		return e.Run()
	}
}

func TestUnknownQuestionsAreRefused(t *testing.T) {
	o := real()
	o.Only = []string{"odds", "luck"}
	require.ErrorContains(t, Run(o, func(finding.Finding) error { return nil }), `unknown question "luck"; there are bias, fairness, splitting, odds`)
}

func TestOneSeedGivesOneRun(t *testing.T) {
	play := func(seed uint64) map[string]finding.Finding {
		o := real()
		o.Seed = seed
		return ask(t, func(tell report) error {
			return o.bend(tell, "tails", 300_000, 4, 200, strategy{tails: true}, bitsAndOwned(perTail))
		})
	}
	require.Equal(t, play(7), play(7))
	require.NotEqual(t, play(7), play(8))
}
