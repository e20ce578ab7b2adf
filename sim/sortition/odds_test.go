package sortition

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/protocol/sortition"
)

var (
	small   = drawn{"small", committee.Pool{Candidates: 60, Bad: 24}, 7, 0, false}
	audited = drawn{"audited", committee.Pool{Candidates: 60, Bad: 24}, 7, 7, false}
)

func askOdds(t *testing.T, rules Rules, c drawn) []string {
	o := real()
	o.Rules = rules
	return broken(ask(t, func(tell report) error { return o.compare(tell, c, 10_000) }))
}

func TestElectionsHaveTheExactOdds(t *testing.T) {
	require.Empty(t, askOdds(t, Real(), small))
	require.Empty(t, askOdds(t, Real(), audited))
}

func TestOddsThatAreOffAreSeen(t *testing.T) {
	bad := colluders(pool(60, 1), 24)
	rules := Real()
	rules.Elect = favouring(func(name string) bool { return bad[name] }, 50)
	require.Equal(t, []string{"odds.small.capture", "odds.small.stall"}, askOdds(t, rules, small))

	rules = Real()
	rules.ElectZone = func(z sortition.Zone) (sortition.ZoneOutcome, error) {
		out, err := z.Run()
		if err == nil {
			out.Auditors = out.Shards[0]
		}
		return out, err
	}
	require.Contains(t, askOdds(t, rules, audited), "odds.audited.capture")
}
