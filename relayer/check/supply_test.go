package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

func coins(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin("utop", n)) }

func ledgers(list ...latticetypes.Ledger) *latticetypes.QueryLedgersResponse {
	return &latticetypes.QueryLedgersResponse{Ledgers: list}
}

// of another shard: what was sent to it, and came from it.
func of(name string, sent, came int64) latticetypes.Ledger {
	return latticetypes.Ledger{Name: name, Outbox: latticetypes.Outbox{Total: coins(sent)}, Inbox: latticetypes.Inbox{Total: coins(came)}}
}

func reading(shard string, issued int64, burned uint64, before, after *latticetypes.QueryLedgersResponse) Reading {
	return Reading{Name: shard, Head: latticetypes.Head{Issued: coins(issued), Burned: burned}, Before: before, After: after}
}

func TestSupply(t *testing.T) {
	for name, c := range map[string]struct {
		readings []Reading
		inFlight int64
		broken   string
	}{
		"nothing moved": {[]Reading{reading("a", 100, 1, ledgers(), ledgers()), reading("b", 50, 0, ledgers(), ledgers())}, 0, ""},
		"in flight":     {[]Reading{reading("a", 100, 1, ledgers(of("b", 30, 0)), ledgers(of("b", 40, 0))), reading("b", 50, 0, ledgers(of("a", 0, 30)), ledgers(of("a", 0, 40)))}, 10, ""},
		// The inbox was read before the outbox, at another height: it is only behind.
		"came and went on between": {[]Reading{reading("a", 100, 0, ledgers(of("b", 0, 0)), ledgers(of("b", 100, 100))), reading("b", 0, 0, ledgers(of("a", 0, 0)), ledgers(of("a", 100, 100)))}, 200, ""},
		"more taken than sent":     {[]Reading{reading("a", 100, 0, ledgers(), ledgers(of("b", 30, 0))), reading("b", 50, 0, ledgers(of("a", 0, 31)), ledgers(of("a", 0, 31)))}, -1, "1utop more came from a for b than it has sent"},
		"more sent than had":       {[]Reading{reading("a", 100, 0, ledgers(), ledgers(of("b", 130, 0))), reading("b", 50, 0, ledgers(), ledgers())}, 130, "would hold -30utop"},
		"a shard is missing":       {[]Reading{reading("b", 50, 0, ledgers(of("a", 0, 31)), ledgers(of("a", 0, 31)))}, -31, "a, which was not asked"},
		"taken by both children":   {[]Reading{reading("a", 100, 0, ledgers(), ledgers(of("p", 30, 0))), reading("c0", 0, 0, ledgers(of("a>p", 0, 10)), ledgers(of("a>p", 0, 10))), reading("c1", 0, 0, ledgers(of("a>p", 0, 15)), ledgers(of("a>p", 0, 15)))}, 5, ""},
		// The parent's outbox goes with its first child: what it sent is on its way, or taken, as before.
		"sent by a parent": {[]Reading{reading("a", 100, 0, ledgers(of("p", 0, 20)), ledgers(of("p", 0, 20))), reading("c0", 40, 0, ledgers(of("p>a", 30, 0)), ledgers(of("p>a", 30, 0))), reading("c1", 60, 0, ledgers(), ledgers())}, 10, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := Add(c.readings, nil)
			if c.broken == "" {
				require.NoError(t, s.Err())
			} else {
				require.ErrorContains(t, s.Err(), c.broken)
			}
			require.Len(t, s.Sums, 1)
			sum := s.Sums[0]
			require.Equal(t, math.NewInt(c.inFlight), sum.InFlight)
			require.Equal(t, sum.Issued, sum.Held.Add(sum.InFlight).Add(sum.Burned).Add(sum.Lost))
		})
	}
}
