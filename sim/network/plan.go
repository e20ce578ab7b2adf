package network

import (
	"errors"
	"fmt"
	"math"
)

// Plan is a network that carries a load within limits, and what another one broke.
type Plan struct {
	Name    string
	Outcome Outcome
	// Holds tells that all limits are kept. Else Outcome is of the fewest shards of which a few alone would keep them, and Misses is what all together break.
	Holds  bool
	Misses []Breach
	// Tried is the load of a shard, in transfers per second, that was tried last and broke limits; Broken are those.
	Tried  float64
	Broken []Breach
}

// ErrNoPlan says that no network was found that carries a load.
var ErrNoPlan = errors.New("no network carries this load within the limits")

// planSteps are tried at most, each with a load per shard of planStep times the one before.
const (
	planStep  = 0.8
	planSteps = 16
	planFew   = 8
	planWhole = 6
	planLarge = 150
)

// Model is all that plays need beside a scenario.
type Model struct {
	Constants   Constants
	Assumptions Assumptions
	Limits      Limits
	Calibration Calibration
	// Base scenario: everything but shards, hosts and load.
	Base Scenario
}

// NewModel from the output of a benchmark: constants are read and calibrated. The fitted step holds for every network.
func NewModel(lines Lines, base Scenario) (Model, error) {
	c, err := NewConstants(lines)
	if err != nil {
		return Model{}, err
	}
	m := Model{Constants: c, Assumptions: Assumed(), Limits: Bounds(), Base: base}
	if m.Calibration, err = Calibrate(lines, c, m.Assumptions); err != nil {
		return m, err
	}
	m.Base.Step = m.Calibration.Step
	return m, nil
}

// ceiling of a shard's load: full blocks, one after the other, with nothing to do but to vote.
func (m Model) ceiling() float64 {
	s := m.Base
	interval := s.Pause + 3*(s.World.quorumDelay()+s.Step)
	return float64(s.blockTransfers(m.Constants, 0)) / interval * 1000
}

// ForRate finds how many shards take so many transfers per second: the fewest among steps of a fifth. Fewer shards mean fewer receipts' batches, fewer members and a smaller main-chain load.
func (m Model) ForRate(name string, rate float64) (Plan, error) {
	return m.descend(name, func(perShard float64) (int, float64) { return int(math.Ceil(rate / perShard)), rate })
}

// ForShards finds what so many shards take.
func (m Model) ForShards(name string, shards int) (Plan, error) {
	return m.descend(name, func(perShard float64) (int, float64) { return shards, perShard * float64(shards) })
}

func (m Model) descend(name string, of func(perShard float64) (shards int, rate float64)) (p Plan, err error) {
	p.Name = name
	load, whole, before := m.ceiling(), 0, math.Inf(1)
	for range planSteps {
		shards, rate := of(load)
		load *= planStep
		// What a few shards cannot do, many cannot: they have more receipts' batches to take.
		few := min(shards, planFew)
		o, broken, err := m.apart(few, rate*float64(few)/float64(shards))
		if err == nil && len(broken) == 0 {
			o, broken, err = m.Settle(shards, rate)
			whole++
		}
		if err != nil {
			return p, err
		}
		if len(broken) == 0 {
			p.Outcome, p.Holds = o, true
			return p, nil
		}
		p.Tried, p.Broken = rate/float64(shards), broken
		if whole == 1 {
			p.Outcome, p.Misses = o, broken
		}
		// More shards of a smaller load each have more batches to take: where that outweighs the load, a network only gets slower.
		if whole > 0 {
			if worst := broken[0].Value / broken[0].Limit; whole == planWhole || worst >= before {
				return p, nil
			}
			before = broken[0].Value / broken[0].Limit
		}
	}
	if whole == 0 {
		return p, fmt.Errorf("%w: %s; the last try, %.0f per shard and second, breaks %s: %.4g %s, at most %.4g", ErrNoPlan, name, p.Tried, p.Broken[0].What, p.Broken[0].Value, p.Broken[0].Unit, p.Broken[0].Limit)
	}
	return p, nil
}

// apart plays so many shards with a load, each seat on a host of its own and each shard with auditors of its own.
func (m Model) apart(shards int, rate float64) (Outcome, []Breach, error) {
	s := m.Base
	s.Shards, s.Rate = shards, rate
	s.ZoneShards, s.Hosts = 1, shards*s.Members
	s.Candidates = s.Hosts
	if shards > planLarge {
		// A large network has more to count in less time.
		s.Warm, s.Seconds = min(s.Warm, 4), min(s.Seconds, 2)
	}
	o, err := Play(s, m.Constants, m.Assumptions)
	// Zones of one shard ask more of the main chain than those that are planned.
	limits := m.Limits
	limits.MainUse = math.Inf(1)
	return o, o.Breaches(limits), err
}

// Settle so many shards with a load on as few hosts as may be, and tell what breaks. First each seat has a host of its own, to learn what a seat takes; then hosts are filled as far as is planned.
func (m Model) Settle(shards int, rate float64) (Outcome, []Breach, error) {
	alone, _, err := m.apart(shards, rate)
	if err != nil {
		return alone, nil, err
	}
	s := alone.Scenario
	// A host takes as many seats as the scarcest of its cores, links and memory lets it, and an auditor as many shards.
	use := m.Assumptions.HostUse
	fit := func(cores, mbit, gib float64) int {
		return max(1, int(min(use*float64(s.Cores)/cores, use*s.Gbps*1000/mbit, s.GiB/gib)))
	}
	memory, _ := s.MemoryGiB(m.Constants)
	seats := min(shards, fit(alone.Cores, max(alone.Up, alone.Down), memory))
	s.Hosts = max(s.Members, (shards*s.Members+seats-1)/seats)
	if s.Auditors > 0 {
		s.ZoneShards = min(shards, fit(alone.AuditorCores, alone.AuditorDown, memory))
	}
	s.Candidates = s.Hosts + s.AuditHosts()
	filled, err := Play(s, m.Constants, m.Assumptions)
	if err != nil {
		return filled, nil, err
	}
	return filled, filled.Breaches(m.Limits), nil
}

// Break is where a network that grows by shards of a fixed load leaves its limits.
type Break struct {
	PerShard float64
	// Steps that were played, in order of their shards.
	Steps []Step
	// Holds is the greatest number of shards that kept the limits; 0 where none did. At is the least that did not, with what it broke, or 0 where nothing broke.
	Holds, At int
	Broken    []Breach
}

// Step of a sweep.
type Step struct {
	Outcome Outcome
	Broken  []Breach
}

// Grow a network by doubling its shards until a limit is broken, then find where between the last two, to a quarter.
func (m Model) Grow(perShard float64, from, most int) (Break, error) {
	b := Break{PerShard: perShard}
	try := func(shards int) (bool, error) {
		o, broken, err := m.Settle(shards, perShard*float64(shards))
		if err != nil {
			return false, err
		}
		at := len(b.Steps)
		for at > 0 && b.Steps[at-1].Outcome.Scenario.Shards > shards {
			at--
		}
		b.Steps = append(b.Steps[:at], append([]Step{{o, broken}}, b.Steps[at:]...)...)
		if len(broken) > 0 {
			b.At, b.Broken = shards, broken
		} else {
			b.Holds = shards
		}
		return len(broken) > 0, nil
	}
	for n := from; n <= most; n *= 2 {
		over, err := try(n)
		if err != nil {
			return b, err
		}
		if over {
			break
		}
	}
	for b.At > 0 && b.Holds > 0 && b.At-b.Holds > max(1, b.Holds/4) {
		if _, err := try((b.At + b.Holds) / 2); err != nil {
			return b, err
		}
	}
	return b, nil
}

// Reach is a small network of committees of a size in a world, for its latency.
type Reach struct {
	World   string
	OneWay  float64
	Outcome Outcome
}

// Reaches of committees in worlds: four shards at a light load, each seat on a host of its own.
func (m Model) Reaches(sizes []int, names []string) (list []Reach, err error) {
	for _, name := range names {
		w, err := WorldNamed(name)
		if err != nil {
			return nil, err
		}
		for _, size := range sizes {
			s := m.Base
			s.World, s.Members, s.Auditors, s.Shards, s.Hosts, s.Rate = w, size, 0, 4, 4*size, 4*1_000
			o, err := Play(s, m.Constants, m.Assumptions)
			if err != nil {
				return nil, err
			}
			list = append(list, Reach{World: name, OneWay: w.Mean(), Outcome: o})
		}
	}
	return list, nil
}
