package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// mainReading of a chain with 1,000 utop, whose genesis gave shards 150; books are in the order issued, sent, taken, queued.
func mainReading(before, after []latticetypes.Ledger, balance, issued, sent, taken, queued int64) *MainReading {
	return &MainReading{Chain: "main", Before: before, After: after, Supply: math.NewInt(1000), Books: gatetypes.Books{
		Balance: math.NewInt(balance), Issued: math.NewInt(issued), Sent: math.NewInt(sent), Taken: math.NewInt(taken), Queued: math.NewInt(queued),
	}}
}

// covering is a reading in whose gate fines have paid so much, and said so.
func covering(r *MainReading, utop int64) *MainReading {
	r.Books.Covered = math.NewInt(utop)
	return r
}

// overdrawing is a shard that has overdrawn so much.
func overdrawing(r Reading, utop int64) Reading {
	r.Head.Overdrawn = coins(utop)
	return r
}

func TestSupplyWithTheMainChain(t *testing.T) {
	list := func(l ...latticetypes.Ledger) []latticetypes.Ledger { return l }
	b := reading("b", 50, 0, ledgers(), ledgers())
	for name, c := range map[string]struct {
		a        Reading
		main     *MainReading
		inFlight int64
		exited   int64
		broken   string
	}{
		"nothing moved": {reading("a", 100, 1, ledgers(), ledgers()), mainReading(nil, nil, 150, 150, 0, 0, 0), 0, 0, ""},
		"in flight both ways, and taken": {
			reading("a", 100, 1, ledgers(of("main", 40, 20)), ledgers(of("main", 40, 20))),
			mainReading(list(of("a", 30, 25)), list(of("a", 30, 25)), 150+33+4-25, 150, 33, 25, 4), 10 + 15, 30 - 25, "",
		},
		"overdrawn, and covered":  {overdrawing(reading("a", 100, 1, ledgers(), ledgers()), 5), covering(mainReading(nil, nil, 155, 150, 0, 0, 0), 5), 0, 0, ""},
		"fines that nobody has":   {reading("a", 100, 1, ledgers(), ledgers()), covering(mainReading(nil, nil, 150, 150, 0, 0, 0), 5), 0, 0, "its books make 155"},
		"the gate lacks coins":    {reading("a", 100, 1, ledgers(), ledgers()), mainReading(nil, nil, 149, 150, 0, 0, 0), 0, 0, "its books make 150"},
		"shards out of nothing":   {reading("a", 101, 1, ledgers(), ledgers()), mainReading(nil, nil, 150, 150, 0, 0, 0), 0, 0, "gave 151 to accounts"},
		"more than was sent":      {reading("a", 100, 0, ledgers(of("main", 0, 31)), ledgers(of("main", 0, 31))), mainReading(list(of("a", 30, 0)), list(of("a", 30, 0)), 180, 150, 30, 0, 0), -1, 30, "1utop more came from main for a"},
		"more taken than came":    {reading("a", 100, 0, ledgers(of("main", 30, 0)), ledgers(of("main", 30, 0))), mainReading(list(of("a", 0, 31)), list(of("a", 0, 31)), 119, 150, 0, 31, 0), -1, -31, "1utop more came from a for main"},
		"more on shards than all": {reading("a", 100, 0, ledgers(), ledgers()), mainReading(nil, nil, 1150, 150, 1000, 0, 0), 0, 0, "of a supply of 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Add([]Reading{c.a, b}, c.main)
			if c.broken == "" {
				require.NoError(t, s.Err())
				held := s.Sums[0].Held.Add(s.Sums[0].InFlight).Add(s.Sums[0].Burned)
				require.Equal(t, s.Main.Supply, s.Main.Held.Add(held).Add(s.Main.Leaving).Add(s.Main.Queued), "all that there is, and nothing else")
			} else {
				require.ErrorContains(t, s.Err(), c.broken)
			}
			require.Equal(t, math.NewInt(c.inFlight), s.Sums[0].InFlight)
			require.Equal(t, math.NewInt(c.exited), s.Sums[0].Exited)
		})
	}
	// Who is not asked cannot be believed.
	s := Add([]Reading{reading("a", 100, 0, ledgers(of("main", 0, 31)), ledgers(of("main", 0, 31))), b}, nil)
	require.ErrorContains(t, s.Err(), "came from main, which was not asked")
}
