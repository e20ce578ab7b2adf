package committee_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/committee"
)

func TestFill(t *testing.T) {
	line := committee.Line{Seats: 3, Members: []string{"a", "b", "c"}, Standbys: []string{"x", "y", "z"}}
	for name, c := range map[string]struct {
		unable         []string
		next, standbys []string
	}{
		"all able":                        {nil, []string{"a", "b", "c"}, []string{"x", "y", "z"}},
		"the first standby takes a seat":  {[]string{"b"}, []string{"a", "c", "x"}, []string{"y", "z"}},
		"one that is not able is skipped": {[]string{"b", "x"}, []string{"a", "c", "y"}, []string{"x", "z"}},
		"a seat stays vacant":             {[]string{"b", "x", "y", "z"}, []string{"a", "c"}, []string{"x", "y", "z"}},
		"standbys alone":                  {[]string{"a", "b", "c"}, []string{"x", "y", "z"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			next, rest := line.Fill([]string{"s"}, func(o string) bool { return !slices.Contains(c.unable, o) })
			require.Equal(t, c.next, next)
			require.Equal(t, committee.Line{Seats: 3, Members: c.next, Standbys: c.standbys}, rest)
		})
	}
	nobody := func(string) bool { return false }
	next, rest := line.Fill([]string{"s"}, nobody)
	require.Equal(t, []string{"s"}, next, "those who sit stay")
	require.Equal(t, line, rest, "and the election waits for someone to be able")
}

// Whoever is able or not, block after block: nobody sits twice, nobody sits who is not able unless nobody is, no seat is vacant while a standby is able, and who lost its seat
// does not come back.
func TestSeatsOfAnEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, standbys := rapid.IntRange(1, 8).Draw(t, "seats"), rapid.IntRange(0, 6).Draw(t, "standbys")
		names := make([]string, size+standbys)
		for i := range names {
			names[i] = fmt.Sprint("n", i)
		}
		line := committee.Line{Seats: size, Members: names[:size], Standbys: names[size:]}
		sitting := []string{"before"}
		lost := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "blocks") {
			able := map[string]bool{}
			for _, n := range names {
				able[n] = rapid.Bool().Draw(t, n)
			}
			before := slices.Clone(sitting)
			elected := len(line.Members)
			sitting, line = line.Fill(sitting, func(o string) bool { return able[o] })
			require.NotEmpty(t, sitting)
			require.LessOrEqual(t, len(sitting), size)
			somebody := slices.ContainsFunc(append(slices.Clone(line.Members), line.Standbys...), func(o string) bool { return able[o] })
			if !somebody {
				require.Equal(t, before, sitting)
				require.Len(t, line.Members, elected)
				continue
			}
			seen := map[string]bool{}
			for _, o := range sitting {
				require.True(t, able[o])
				require.False(t, seen[o], "%s sits twice", o)
				require.False(t, lost[o], "%s lost its seat before", o)
				seen[o] = true
			}
			for _, o := range line.Standbys {
				require.False(t, seen[o])
				require.True(t, len(sitting) == size || !able[o], "a seat is vacant and %s is able", o)
			}
			for _, o := range names {
				lost[o] = lost[o] || !seen[o] && !slices.Contains(line.Standbys, o)
			}
		}
	})
}

func TestLineOfAKeptElection(t *testing.T) {
	// c was replaced by x.
	line := committee.Line{Seats: 3, Members: []string{"a", "b", "x"}, Standbys: []string{"y"}}
	require.Equal(t, committee.Line{Seats: 3, Members: []string{"a", "b", "x"}, Standbys: []string{"c", "z"}}, line.Kept([]string{"a", "b", "c"}, []string{"x", "z"}))
	require.Equal(t, committee.Line{Seats: 3, Members: []string{"a", "b", "x"}, Standbys: []string{"c", "y"}}, line.Kept([]string{"a", "b", "c"}, nil), "nobody was drawn")
	all := func(string) bool { return true }
	next, _ := committee.Line{Seats: 3, Members: []string{"a", "b"}}.Kept([]string{"a", "b", "c"}, nil).Fill(nil, all)
	require.Equal(t, []string{"a", "b", "c"}, next, "a vacant seat")
	next, _ = line.Kept([]string{"a", "b", "c"}, nil).Fill(nil, all)
	require.Equal(t, []string{"a", "b", "x"}, next, "everyone sits on")
}
