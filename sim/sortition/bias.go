package sortition

import (
	"github.com/topnetwork/top/sim/finding"
)

// The public network's shard committee, and the parameters of x/sortition.
const (
	biasCandidates = 200
	biasSize       = 21
	biasSealers    = 16
	// stallSealers are fewer: each is a bit, and all 2^16 seeds of an epoch are too many to try.
	stallSealers = 8
)

// bias asks how many seats, and how much of the seed, colluders win by withholding.
func bias(o Options, tell report) error {
	below, above := []uint64{200_000, 300_000}, []uint64{340_000, 400_000}
	long, short := o.epochs(20_000, 1_600), o.epochs(4_000, 300)
	for _, ppm := range append(below, above...) {
		if err := o.bend(tell, "seals", ppm, biasSealers, long, strategy{}, seats(perTail, false)); err != nil {
			return err
		}
		if err := o.bend(tell, "tails", ppm, biasSealers, long, strategy{tails: true}, bitsAndOwned(perTail)); err != nil {
			return err
		}
	}
	// The same games without a choice that matters: nothing may be won.
	if err := o.bend(tell, "none", 300_000, biasSealers, long, strategy{passive: true}, seats(one, false)); err != nil {
		return err
	}
	const sets = 4
	proofs := func(b int) float64 {
		if b < biasSealers {
			return 1
		}
		return sets * perTail(b)
	}
	if err := o.bend(tell, "proofs", 300_000, biasSealers, long/4, strategy{digests: sets, honestSealing: true}, seats(proofs, false)); err != nil {
		return err
	}
	// A third and more can also keep honest seals out: each of the sealers is then a bit.
	for _, ppm := range above {
		all := func(int) float64 { return perTail(stallSealers) }
		if err := o.bend(tell, "stall", ppm, stallSealers, short, strategy{veto: true}, seats(all, false)); err != nil {
			return err
		}
	}
	// Whoever has all the sealers once, and grinds over subsets of proofs, keeps them. Four sealers, so that it happens within the game.
	const grind, few = 256, 4
	ground := func(b int) float64 {
		if b < few {
			return perTail(b)
		}
		return grind * perTail(b)
	}
	return o.bend(tell, "grind", 300_000, few, o.epochs(2_000, 200), strategy{tails: true, digests: grind}, bitsAndOwned(ground))
}

func one(int) float64 { return 1 }

// measure is what a game's epochs are counted by, and the bound of the mean.
type measure struct {
	name  string
	of    func(e end, c coalition) float64
	bound func(c coalition) float64
}

// seats measures the share of seats above the share of stake.
func seats(n choices, carry bool) []measure {
	return []measure{{"seats", func(e end, c coalition) float64 { return float64(e.seats)/float64(c.size) - c.share() }, func(c coalition) float64 {
		if carry {
			return c.anyStrategy(n).Seats - c.share()
		}
		return c.seatsFirst(n).Seats - c.share()
	}}}
}

// bitsAndOwned measures the seed itself: the mean tail, how often all sealers collude, and the seats that come with it.
func bitsAndOwned(n choices) []measure {
	return append(seats(n, true),
		measure{"bits", func(e end, _ coalition) float64 { return float64(e.tail) }, func(c coalition) float64 { return c.anyStrategy(n).Bits }},
		measure{"owned", func(e end, c coalition) float64 {
			if e.tail == c.sealers {
				return 1
			}
			return 0
		}, func(c coalition) float64 { return c.anyStrategy(n).Owned }},
	)
}

func (c coalition) share() float64 { return float64(c.bad) / float64(c.candidates) }

// bend plays one strategy and reports each measure's mean, in the steady state, with its bound.
func (o Options) bend(tell report, name string, ppm uint64, sealers, epochs int, s strategy, measures []measure) error {
	c, err := newCoalition(biasCandidates, ppm, biasSize, sealers)
	if err != nil {
		return err
	}
	name += "." + share(ppm)
	g, err := newGame(o, name, c)
	if err != nil {
		return err
	}
	collected := make([]series, len(measures))
	for i := range batch + epochs {
		e, err := g.play(s)
		if err != nil {
			return err
		}
		if i < batch {
			continue
		}
		for m := range measures {
			collected[m].add(measures[m].of(e, c))
		}
	}
	for m, measure := range measures {
		// A mean over so many epochs comes in steps: one epoch more or less is no news.
		noise := collected[m].noise() + 1/float64(epochs)
		conditions := map[string]any{"candidates": c.candidates, "bad": c.bad, "size": c.size, "sealers": c.sealers, "epochs": epochs, "noise": noise}
		if s.tails {
			conditions["epochs_until_owned"] = c.untilOwned(perTail)
		}
		err := tell(finding.Finding{Name: "bias." + name + "." + measure.name, Value: collected[m].mean(), Bound: measure.bound(c) + noise, Conditions: conditions})
		if err != nil {
			return err
		}
	}
	return nil
}
