package sortition

import (
	"fmt"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/stake"
	"github.com/topnetwork/top/sim/finding"
)

// The parameters of x/stake for a validator.
var deposits = stake.Params{SaturationUtop: 25_000_000_000_000, MinDepositUtop: 500_000_000_000, Factors: stake.DefaultFactors()}

const (
	// Each stake is there on one node and, beside it, on several.
	splitStakes = 40
	splitSize   = 12
	// rounding of a law that is calculated in floats.
	rounding = 1e-9
)

// gain bounds the seats of all parts per seat of the whole, where the whole sits with probability p and weighs so many times as much as a part; README.md has the proof.
func gain(parts, times, p float64) float64 { return parts / times / (1 - p*(1-1/times)) }

// splitting asks what one stake over several nodes brings against one node, in weight and in seats.
func splitting(o Options, tell report) error {
	epochs := o.epochs(100_000, 15_000)
	below := deposits.SaturationUtop / 2
	for _, parts := range []uint64{2, 4, 8} {
		if err := o.split(tell, fmt.Sprintf("below_cap.parts%d", parts), splitStakes, below, parts, epochs); err != nil {
			return err
		}
	}
	// Four stakes and their halves are all the candidates that there are.
	if err := o.split(tell, "everyone_sits.parts2", splitSize/3, below, 2, epochs/5); err != nil {
		return err
	}
	if err := o.split(tell, "below_minimum.parts4", splitStakes, 3*deposits.MinDepositUtop, 4, epochs/5); err != nil {
		return err
	}
	if err := o.newcomers(tell, below, o.epochs(100_000, 20_000)); err != nil {
		return err
	}
	return o.split(tell, "above_cap.parts4", splitStakes, 4*deposits.SaturationUtop, 4, epochs)
}

// camp is the same stakes twice: whole on one node each, and in parts.
type camp struct {
	candidates []sortition.Candidate
	parts      map[string]bool
}

// newCamp gives each node the weight of its deposit and reputation; reputation(part) is in millionths, of the whole for part −1.
func (o Options) newCamp(stakes int, utop, parts uint64, reputation func(part int) uint64) (camp, error) {
	c := camp{parts: map[string]bool{}}
	add := func(name string, own uint64, part int) error {
		weight, err := o.Rules.Comprehensive(deposits, own, 0, reputation(part), stake.Unit)
		c.candidates = append(c.candidates, sortition.Candidate{Operator: name, Weight: weight})
		c.parts[name] = part >= 0
		return err
	}
	for i := range stakes {
		if err := add(fmt.Sprintf("node%02d", i), utop, -1); err != nil {
			return camp{}, err
		}
		for p := range int(parts) {
			if err := add(fmt.Sprintf("node%02d.%d", i, p), utop/parts, p); err != nil {
				return camp{}, err
			}
		}
	}
	return c, nil
}

// seats counts those of the parts and those of the wholes.
func (c camp) seats(members []string) (parts, wholes float64) {
	for _, m := range members {
		if c.parts[m] {
			parts++
		} else {
			wholes++
		}
	}
	return parts, wholes
}

// split plays wholes against parts of one reputation. Weight: the parts' sum against the whole. Seats: by the law of the rotation for stakes that count in proportion up to
// the cap; and what that law gives the parts, against the bound.
func (o Options) split(tell report, name string, stakes int, utop, parts uint64, epochs int) error {
	c, err := o.newCamp(stakes, utop, parts, func(int) uint64 { return deposits.ReputationCeiling })
	if err != nil {
		return err
	}
	counted := func(own uint64) float64 {
		if own < deposits.MinDepositUtop {
			return 0
		}
		return float64(min(own, deposits.SaturationUtop))
	}
	whole, part := counted(utop), counted(utop/parts)
	conditions := func() map[string]any {
		return map[string]any{"parts": parts, "stake_utop": utop, "minimum_utop": deposits.MinDepositUtop, "cap_utop": deposits.SaturationUtop}
	}
	var sum float64
	for _, node := range c.candidates[1 : 1+parts] {
		sum += float64(node.Weight)
	}
	if err := tell(finding.Finding{
		Name: "splitting." + name + ".weight", Value: sum / float64(c.candidates[0].Weight), Bound: float64(parts) * part / whole, Conditions: conditions(),
	}); err != nil {
		return err
	}

	nodes := counts{stakes, stakes * int(parts)}
	if part == 0 {
		nodes[1] = 0
	}
	expected := mean(newRotation(nodes, [classes]float64{whole, part}, splitSize, sortition.Rotation(splitSize)).steady())
	law, most, p := expected[1]/expected[0], 0.0, expected[0]/float64(stakes)
	if part > 0 {
		most = gain(float64(parts), whole/part, p)
	}
	of := conditions()
	of["sits"], of["candidates"], of["size"] = p, len(c.candidates), splitSize
	if err := tell(finding.Finding{Name: "splitting." + name + ".gain", Value: law, Bound: most + rounding, Conditions: of}); err != nil {
		return err
	}
	var inParts, inWholes series
	e := sortition.Election{Committee: sortition.Committee{Name: shard, Size: splitSize}, Seed: o.start("splitting/" + name), Candidates: c.candidates}
	for e.Epoch = range uint64(batch + epochs) {
		out, err := o.Rules.Elect(e)
		if err != nil {
			return err
		}
		e.Committee.Sitting = out.Members
		if e.Epoch >= batch {
			p, w := c.seats(out.Members)
			inParts.add(p)
			inWholes.add(w)
		}
	}
	// Seats of the two sum up to the committee: their errors are one, and the ratio's is size / wholes² times it.
	wholes := inWholes.mean()
	noise := inWholes.noise() * splitSize / (wholes * wholes)
	more := conditions()
	more["epochs"], more["candidates"], more["size"], more["law"], more["noise"] = epochs, len(c.candidates), splitSize, law, noise
	return tell(finding.Finding{Name: "splitting." + name + ".seats", Value: inParts.mean() / wholes, Bound: law + noise, Conditions: more})
}

// newcomers asks what it brings to whoever has earned full reputation to move half of a stake to a new node, in the first hundred epochs; stake.Rate says how that grows.
func (o Options) newcomers(tell report, utop uint64, epochs int) error {
	const horizon, due = 100, 1_000
	game := o.start("splitting/newcomers")
	var parts, wholes float64
	for run := range epochs / horizon {
		// Everyone does what is due, so all rank alike and rise.
		ratings := []uint64{deposits.ReputationCeiling, deposits.ReputationCeiling, deposits.ReputationInitial}
		var sitting []string
		for i := range horizon {
			c, err := o.newCamp(splitStakes, utop, 2, func(part int) uint64 { return ratings[part+1] })
			if err != nil {
				return err
			}
			epoch := uint64(run*horizon + i)
			out, err := o.Rules.Elect(sortition.Election{
				Committee: sortition.Committee{Name: shard, Size: splitSize, Sitting: sitting}, Epoch: epoch, Seed: game, Candidates: c.candidates,
			})
			if err != nil {
				return err
			}
			sitting = out.Members
			p, w := c.seats(out.Members)
			parts, wholes = parts+p, wholes+w
			var works []stake.Work
			for _, r := range ratings {
				works = append(works, stake.Work{Reputation: r, Due: due, Done: due})
			}
			if ratings, err = deposits.Rate(works); err != nil {
				return err
			}
		}
	}
	return tell(finding.Finding{Name: "splitting.after_full_reputation.seats", Value: parts / wholes, Bound: 1, Conditions: map[string]any{
		"parts": 2, "stake_utop": utop, "horizon_epochs": horizon, "runs": epochs / horizon, "size": splitSize,
	}})
}
