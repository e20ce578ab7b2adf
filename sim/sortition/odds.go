package sortition

import (
	"math"
	"math/big"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/sim/finding"
)

// odds asks how often elections give a committee that colluders can stop, or that they are, against the exact odds of protocol/committee.
func odds(o Options, tell report) error {
	epochs := o.epochs(100_000, 20_000)
	for _, c := range []drawn{
		{"drawn_anew.21_of_200", committee.Pool{Candidates: 200, Bad: 40}, 21, 0, true},
		{"rotated.21_of_200", committee.Pool{Candidates: 200, Bad: 40}, 21, 0, false},
		{"rotated.7_of_60", committee.Pool{Candidates: 60, Bad: 24}, 7, 0, false},
		{"audited.7_of_60", committee.Pool{Candidates: 60, Bad: 24}, 7, 7, false},
	} {
		if err := o.compare(tell, c, epochs); err != nil {
			return err
		}
	}
	return nil
}

// drawn is a committee that is drawn again and again, each time as a whole or a part at a time, alone or with auditors.
type drawn struct {
	name          string
	pool          committee.Pool
	size, audited int
	fresh         bool
}

func (o Options) compare(tell report, c drawn, epochs int) error {
	exact, err := c.pool.Draw(c.size)
	if c.audited > 0 {
		exact, err = c.pool.DrawAudited(c.size, c.audited)
	}
	if err != nil {
		return err
	}
	stall, capture, err := o.elections(c, epochs)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		what  string
		seen  series
		exact *big.Rat
	}{{"stall", stall, exact.Stall}, {"capture", capture, exact.Capture}} {
		p, _ := f.exact.Float64()
		// Too rare to be seen: nothing to compare.
		if p*float64(epochs) < 20 {
			continue
		}
		if err := tell(finding.Finding{Name: "odds." + c.name + "." + f.what, Value: math.Abs(f.seen.mean() - p), Bound: f.seen.noise(), Conditions: map[string]any{
			"candidates": c.pool.Candidates, "bad": c.pool.Bad, "size": c.size, "auditors": c.audited, "epochs": epochs, "odds": p, "frequency": f.seen.mean(),
		}}); err != nil {
			return err
		}
	}
	return nil
}

// elections counts in how many epochs the committee, with its auditors if there are any, can be stalled and is captured.
func (o Options) elections(c drawn, epochs int) (stall, capture series, err error) {
	candidates := pool(c.pool.Candidates, 1_000_000)
	bad := colluders(candidates, c.pool.Bad)
	hold := func(members []string, threshold func(int) int) bool {
		held := 0
		for _, m := range members {
			if bad[m] {
				held++
			}
		}
		return held >= threshold(len(members))
	}
	members, auditors := sortition.Committee{Name: shard, Size: c.size}, sortition.Committee{Name: "auditors", Size: c.audited}
	seed := o.start("odds/" + c.name)
	for epoch := range uint64(batch + epochs) {
		var elected, audit sortition.Outcome
		if c.audited > 0 {
			out, err := o.Rules.ElectZone(sortition.Zone{Epoch: epoch, Seed: seed, Candidates: candidates, Auditors: auditors, Shards: []sortition.Committee{members}})
			if err != nil {
				return stall, capture, err
			}
			elected, audit = out.Shards[0], out.Auditors
		} else if elected, err = o.Rules.Elect(sortition.Election{Committee: members, Epoch: epoch, Seed: seed, Candidates: candidates}); err != nil {
			return stall, capture, err
		}
		if !c.fresh {
			members.Sitting, auditors.Sitting = elected.Members, audit.Members
		}
		if epoch < batch {
			continue
		}
		stopped := hold(elected.Members, committee.Blocking) || c.audited > 0 && hold(audit.Members, committee.Blocking)
		captured := hold(elected.Members, committee.Quorum) && (c.audited == 0 || hold(audit.Members, committee.Quorum))
		stall.add(indicator(stopped))
		capture.add(indicator(captured))
	}
	return stall, capture, nil
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
