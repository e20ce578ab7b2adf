package network

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// measured lines of a real run.
func measured(t require.TestingT) Lines {
	f, err := os.Open("testdata/shard-2026-11-22.jsonl")
	require.NoError(t, err)
	lines, err := ReadLines(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return lines
}

func constants(t require.TestingT) Constants {
	c, err := NewConstants(measured(t))
	require.NoError(t, err)
	return c
}

// small scenario of a few shards, drawn.
func small(t *rapid.T) Scenario {
	s := Defaults()
	var err error
	s.World, err = WorldNamed(rapid.SampledFrom([]string{"region", "continent", "world"}).Draw(t, "world"))
	require.NoError(t, err)
	s.Shards, s.Members, s.Auditors = rapid.IntRange(1, 5).Draw(t, "shards"), rapid.IntRange(1, 7).Draw(t, "members"), rapid.IntRange(0, 3).Draw(t, "auditors")
	s.Hosts, s.Cores = rapid.IntRange(s.Members, s.Members*s.Shards).Draw(t, "hosts"), rapid.IntRange(1, 4).Draw(t, "cores")
	s.Rate, s.Cross, s.ZoneShards = rapid.Float64Range(10, 30_000).Draw(t, "rate"), rapid.Float64Range(0, 1).Draw(t, "cross"), rapid.IntRange(1, 3).Draw(t, "zone")
	s.Waiting, s.Step = rapid.IntRange(100, 20_000).Draw(t, "waiting"), rapid.Float64Range(0, 20).Draw(t, "step")
	s.Warm, s.Seconds, s.Seed = 1, 2, rapid.Uint64().Draw(t, "seed")
	return s
}

// Every transfer is somewhere, once: refused, waiting, in a block, on its way, or done. They are counted where they are, not by what was tallied on the way.
func TestTransfersAreConserved(t *testing.T) {
	c := constants(t)
	rapid.Check(t, func(t *rapid.T) {
		r, err := play(small(t), c, Assumed())
		require.NoError(t, err)
		waiting, underway := 0, 0
		cohorts := map[*cohort]bool{}
		see := func(c *cohort) {
			if c != nil && !cohorts[c] {
				cohorts[c] = true
				waiting += c.left
			}
		}
		batches := map[*delivery]bool{}
		for _, e := range r.events {
			see(e.cohort)
			if e.batch != nil && !batches[e.batch] {
				batches[e.batch] = true
				underway += e.batch.count
			}
		}
		for _, sh := range r.shards {
			for _, seat := range sh.seats {
				for _, c := range seat.pending {
					see(c)
				}
			}
			for _, d := range sh.inbox {
				underway += d.count
			}
			if sh.tip != nil && !sh.tip.committed {
				underway += sh.tip.count + sh.tip.receipts
			}
			if sh.outbox != nil {
				underway += sh.outbox.cross
			}
		}
		require.Equal(t, r.tally.offered, r.tally.refused+waiting+underway+r.tally.local+r.tally.credited)
		kept := 0
		for _, sh := range r.shards {
			kept += sh.waiting
		}
		require.Equal(t, waiting, kept)
	})
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	c := constants(t)
	rapid.Check(t, func(t *rapid.T) {
		s := small(t)
		one, err := Play(s, c, Assumed())
		require.NoError(t, err)
		two, err := Play(s, c, Assumed())
		require.NoError(t, err)
		require.Equal(t, one, two)
	})
}

// A block takes a proposal, a prevote and a precommit: three messages, and two of them from a quorum, so no transfer is confirmed within the least delays of three, and none does more work than there are cores.
func TestNothingIsFasterThanLightOrCores(t *testing.T) {
	c := constants(t)
	rapid.Check(t, func(t *rapid.T) {
		s := small(t)
		r, err := play(s, c, Assumed())
		require.NoError(t, err)
		if r.tally.confirm.total > 0 && s.Members > 1 {
			least := math.Inf(1)
			for _, row := range s.World.OneWay {
				for _, ms := range row {
					least = min(least, ms)
				}
			}
			require.GreaterOrEqual(t, float64(r.tally.confirm.least), 3*least*float64(millisecond))
		}
		// Over the whole run, warming up included: what is done has been paid for by every member.
		done := float64(r.tally.local)
		budget := (s.Warm + s.Seconds) * float64(s.Cores*s.Hosts) * 1e6
		require.LessOrEqual(t, done*c.PerMember(s.Members)*float64(s.Members)*(1-Assumed().Ingest), budget*1.0001)
	})
}

// With one region all links are alike, so the light path is known exactly: three delays, and the client's two.
func TestLightPath(t *testing.T) {
	c := constants(t)
	for _, oneWay := range []float64{5, 50, 150} {
		s := Defaults()
		s.World = World{Name: "one", Regions: []string{"a"}, OneWay: [][]float64{{oneWay}}}
		s.Shards, s.Members, s.Hosts, s.Auditors, s.Rate, s.Pause, s.Warm, s.Seconds = 1, 4, 4, 0, 200, 0, 2, 5
		r, err := play(s, c, Assumed())
		require.NoError(t, err)
		require.Positive(t, r.tally.confirm.total)
		require.GreaterOrEqual(t, float64(r.tally.confirm.least), 5*oneWay*float64(millisecond))
		require.Less(t, r.outcome().ConfirmP50, 11*oneWay+60, "nothing else holds a light load up: at most one height is waited for, and one more by who gossips")
	}
}

// Queues of one core that serve equal work, one after the other, arriving by chance: the mean wait is that of M/D/1 (Pollaczek and Khinchine), rho / (2 (1 - rho)) times the work.
func TestCoresQueueAsTheoryHasIt(t *testing.T) {
	for _, rho := range []float64{0.3, 0.6, 0.8} {
		r := run{rng: newRand(7)}
		h := host{cores: make([]moment, 1), perByte: 8}
		const work, n = 1_000_000, 400_000
		now, waited := 0.0, 0.0
		for range n {
			now += r.rng.ExpFloat64() * work / rho
			waited += float64(h.work(moment(now), work, 1)) - now - work
		}
		require.InEpsilon(t, rho/(2*(1-rho)), waited/n/work, 0.05)
		require.Equal(t, moment(n)*work, h.worked)
	}
}

// A link is such a queue too.
func TestLinksQueue(t *testing.T) {
	h := host{cores: make([]moment, 1), perByte: 8}
	require.EqualValues(t, 8_000, h.send(0, 1000))
	require.EqualValues(t, 16_000, h.send(0, 1000), "behind the first")
	require.EqualValues(t, 800, h.urge(0, 100), "past what waits")
	require.EqualValues(t, 24_800, h.send(0, 1000), "which waits that much longer")
	require.EqualValues(t, 3100, h.sent)
}

func TestOverload(t *testing.T) {
	c := constants(t)
	s := Defaults()
	s.World, _ = WorldNamed("region")
	s.Shards, s.Members, s.Hosts, s.Cores, s.Auditors, s.Rate, s.Waiting = 1, 4, 4, 2, 0, 100_000, 10_000
	o, err := Play(s, c, Assumed())
	require.NoError(t, err)
	require.Less(t, o.Done, 2e6/c.PerMember(4), "no faster than two cores")
	require.Greater(t, o.Done, 0.5*2e6/c.PerMember(4))
	require.Positive(t, o.Refused)
	require.NotEmpty(t, o.Breaches(Bounds()))
}
