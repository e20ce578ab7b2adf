package sortition_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/sortition"
)

// Whatever a moment is, one seed of the chain is the first after it, or none is made yet; and its sealing began later by height and by time.
func TestOneSeedIsTheFirstAfterAMoment(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var sealings []sortition.Moment
		last := sortition.Moment{}
		for range rapid.IntRange(0, 12).Draw(r, "seeds") {
			last.Height += rapid.Int64Range(1, 30).Draw(r, "blocks")
			last.Time += rapid.Int64Range(1, 30).Draw(r, "nanoseconds")
			sealings = append(sealings, last)
		}
		m := sortition.Moment{Height: rapid.Int64Range(1, 300).Draw(r, "height"), Time: rapid.Int64Range(1, 300).Draw(r, "time")}
		first, previous := -1, sortition.Moment{}
		for i, s := range sealings {
			if sortition.FirstAfter(m, previous, s) {
				require.Equal(r, -1, first, "one seed")
				first = i
				require.Greater(r, s.Height, m.Height)
				require.Greater(r, s.Time, m.Time)
			}
			previous = s
		}
		require.Equal(r, first == -1, len(sealings) == 0 || last.Height <= m.Height || last.Time <= m.Time)
	})
}

func TestFirstAfter(t *testing.T) {
	at := func(height, time int64) sortition.Moment { return sortition.Moment{Height: height, Time: time} }
	for name, c := range map[string]struct {
		committed, previous, sealing sortition.Moment
		want                         bool
	}{
		"the first":                               {at(5, 50), at(4, 40), at(6, 60), true},
		"there is none before":                    {at(5, 50), at(0, 0), at(6, 60), true},
		"sealed in the very block":                {at(6, 50), at(4, 40), at(6, 60), false},
		"sealed in the very nanosecond":           {at(5, 60), at(4, 40), at(6, 60), false},
		"a later one":                             {at(5, 50), at(6, 60), at(7, 70), false},
		"the height was old, the time tells":      {at(1, 50), at(4, 40), at(6, 60), true},
		"the clock was slow, the height tells":    {at(5, 1), at(4, 40), at(6, 60), true},
		"known already, by a height that was old": {at(1, 65), at(4, 40), at(6, 60), false},
		"known already, by a clock that was slow": {at(7, 1), at(4, 40), at(6, 60), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, sortition.FirstAfter(c.committed, c.previous, c.sealing))
		})
	}
}
