package issuance_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/issuance"
)

// shares of the original network.
var shares = issuance.Parts{Miners: 6_000, Auditors: 1_000, Voters: 2_000, Community: 400, Edge: 200, Archive: 400}

// Parts sum to the amount to the utop, each is its share rounded down, and the community has the remainder.
func TestPartsSumToTheAmount(t *testing.T) {
	require.Equal(t, issuance.Parts{Miners: 11, Voters: 3, Auditors: 1, Community: 4}, shares.Split(19))
	rapid.Check(t, func(r *rapid.T) {
		left := uint64(issuance.Whole)
		draw := func(name string) uint64 {
			share := rapid.Uint64Range(0, left).Draw(r, name)
			left -= share
			return share
		}
		s := issuance.Parts{Miners: draw("miners"), Voters: draw("voters"), Auditors: draw("auditors"), Edge: draw("edge"), Archive: draw("archive")}
		s.Community = left
		require.NoError(r, s.CheckShares())
		utop := rapid.Uint64Range(0, issuance.Ceiling).Draw(r, "utop")
		p := s.Split(utop)
		require.Equal(r, utop, p.Sum())
		require.Equal(r, utop/issuance.Whole*s.Miners+utop%issuance.Whole*s.Miners/issuance.Whole, p.Miners)
		require.GreaterOrEqual(r, p.Community, utop/issuance.Whole*s.Community)
		require.Less(r, p.Community-utop/issuance.Whole*s.Community, uint64(issuance.Whole+5))
	})
}

func TestSharesThatAreRefused(t *testing.T) {
	require.NoError(t, shares.CheckShares())
	less := shares
	less.Edge--
	require.ErrorIs(t, less.CheckShares(), issuance.ErrShares)
	more := shares
	more.Edge++
	require.ErrorIs(t, more.CheckShares(), issuance.ErrShares)
	// Shares that sum to a whole by overflow.
	require.ErrorIs(t, issuance.Parts{Miners: 1 << 63, Voters: 1 << 63, Community: issuance.Whole}.CheckShares(), issuance.ErrShares)
}

// Wages are never more than there is; work is paid alike, dividends by tokens; who did not sign has nothing, and nobody has more because of it.
func TestWages(t *testing.T) {
	require.Equal(t, []issuance.Pay{{Work: 33, Dividend: 5}, {}, {Work: 33, Dividend: 2}},
		issuance.Wages(100, 10, []issuance.Member{{Signed: true, Tokens: 50}, {Tokens: 25}, {Signed: true, Tokens: 25}}))
	require.Equal(t, []issuance.Pay{{Work: 50}, {Work: 50}}, issuance.Wages(100, 10, []issuance.Member{{Signed: true}, {Signed: true}}), "nothing stands behind anyone")
	require.Empty(t, issuance.Wages(100, 10, nil))
	rapid.Check(t, func(r *rapid.T) {
		due := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) issuance.Member {
			return issuance.Member{Signed: rapid.Bool().Draw(r, "signed"), Tokens: rapid.Uint64Range(0, 1<<55).Draw(r, "tokens")}
		}), 1, 150).Draw(r, "due")
		miners, voters := rapid.Uint64Range(0, 1<<50).Draw(r, "miners"), rapid.Uint64Range(0, 1<<50).Draw(r, "voters")
		pay := issuance.Wages(miners, voters, due)
		var work, dividend uint64
		for i, p := range pay {
			if !due[i].Signed {
				require.Zero(r, p)
			}
			work, dividend = work+p.Work, dividend+p.Dividend
		}
		require.LessOrEqual(r, work, miners)
		require.LessOrEqual(r, dividend, voters)
		left := rapid.IntRange(0, len(due)-1).Draw(r, "left out")
		due[left].Signed = false
		without := issuance.Wages(miners, voters, due)
		pay[left] = issuance.Pay{}
		require.Equal(r, pay, without)
	})
}

// Two halves of a stake have no more dividend than the whole.
func TestSplitStakeHasNoMoreDividend(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tokens, part, voters := rapid.Uint64Range(1, 1<<55), rapid.Uint64Range(0, 1<<55), rapid.Uint64Range(0, 1<<50).Draw(r, "voters")
		a, b, other := tokens.Draw(r, "a"), part.Draw(r, "b"), part.Draw(r, "other")
		whole := issuance.Wages(0, voters, []issuance.Member{{Signed: true, Tokens: a + b}, {Signed: true, Tokens: other}})
		halves := issuance.Wages(0, voters, []issuance.Member{{Signed: true, Tokens: a}, {Signed: true, Tokens: b}, {Signed: true, Tokens: other}})
		require.LessOrEqual(r, halves[0].Dividend+halves[1].Dividend, whole[0].Dividend)
	})
}
