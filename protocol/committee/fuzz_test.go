package committee_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/committee"
)

// Whatever a line holds, also one that no election makes: who sits is able, or stays because nobody is; a committee is never emptied, and an able standby leaves no seat vacant.
func FuzzLine(f *testing.F) {
	f.Add(uint8(3), "a,b,c", "x,y", "s", "a,b,c,x,y")
	f.Add(uint8(3), "a,b,c", "x,y", "s", "c,y")
	f.Add(uint8(1), "a,a,b", "a,,x", "a", "a,x")
	f.Add(uint8(0), "", "", "", "")
	f.Fuzz(func(t *testing.T, seats uint8, members, standbys, sitting, able string) {
		names := func(s string) []string { return strings.Split(s, ",") }
		line, sits := committee.Line{Seats: int(seats), Members: names(members), Standbys: names(standbys)}, names(sitting)
		isAble := func(o string) bool { return slices.Contains(names(able), o) }
		next, rest := line.Fill(sits, isAble)
		require.NotEmpty(t, next)
		if !slices.ContainsFunc(line.Members, isAble) && (seats == 0 || !slices.ContainsFunc(line.Standbys, isAble)) {
			require.Equal(t, sits, next, "nobody can sit: those who do stay")
			require.Equal(t, line, rest)
			return
		}
		for _, o := range next {
			require.True(t, isAble(o))
		}
		for _, o := range rest.Standbys {
			require.True(t, len(next) >= int(seats) || !isAble(o), "a seat is vacant and %q is able", o)
			require.NotContains(t, next, o)
		}
		again, same := rest.Fill(next, isAble)
		require.Equal(t, next, again, "the same who are able change nothing")
		require.Equal(t, rest, same)
	})
}

// A probability is printed rounded up, never as less than it is, and reads back.
func FuzzScientific(f *testing.F) {
	f.Add(uint64(1), uint64(3), uint8(2))
	f.Add(uint64(999_999), uint64(1_000_000), uint8(3))
	f.Add(uint64(1), uint64(1<<63), uint8(1))
	f.Fuzz(func(t *testing.T, part, whole uint64, digits uint8) {
		if whole == 0 {
			return
		}
		p := new(big.Rat).SetFrac(new(big.Int).SetUint64(part), new(big.Int).SetUint64(whole))
		if p.Cmp(big.NewRat(1, 1)) > 0 {
			p.Inv(p)
		}
		text := committee.Scientific(p, int(digits%20))
		back, ok := new(big.Rat).SetString(text)
		require.True(t, ok, text)
		require.GreaterOrEqual(t, back.Cmp(p), 0, "%s is less than %s", text, p)
		require.LessOrEqual(t, back.Cmp(new(big.Rat).Mul(p, big.NewRat(2, 1))), 0, "%s is more than twice %s", text, p)
	})
}
