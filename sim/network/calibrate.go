package network

import (
	"fmt"
	"math"
)

// Calibration of the model to runs of real processes on one machine.
type Calibration struct {
	// Outside and Step are fitted: CPU time per transfer in microseconds that no member accounts for (loader, kernel), and milliseconds that a message of consensus takes beside its link.
	Outside, Step float64
	// StepFitted tells whether Step is fitted; else it is the pause of CometBFT's gossip.
	StepFitted bool
	Runs       []Compared
}

// Compared is one figure of a run beside the model's.
type Compared struct {
	Name            string
	Measured, Model float64
	Unit            string
	// Fitted tells that a parameter was chosen to bring the two together; else the model did not know the figure.
	Fitted bool
}

// Error of the model, as a part of what was measured.
func (c Compared) Error() float64 { return c.Model/c.Measured - 1 }

// benchRun is a run of a benchmark as a scenario.
type benchRun struct {
	tps, cpu        string
	shards, members int
	fitted          bool
	scenario        Scenario
	constants       Constants
	measured        float64
}

// benchWaiting transfers are under way at most in the loads of testutil/bench.
const benchWaiting = 40_000

// gossipStep in milliseconds: half of what a member's gossip sleeps between two looks at a peer (node/shard, peerGossips).
const gossipStep = 5

// Calibrate the constants against the runs that the lines are of: of 1, 2 and 4 shards where there are some, else of one shard with 1 and 4 members.
func Calibrate(lines Lines, c Constants, a Assumptions) (Calibration, error) {
	runs, err := benchRuns(lines, c)
	if err != nil {
		return Calibration{}, err
	}
	k := Calibration{Step: gossipStep}
	calm, hasCalm := lines["shard.4val.confirm_p50_ms"]
	// Each of the two parameters moves the other's figures a little, so they are fitted in turns.
	for range 2 {
		if k.Outside, err = least(0, 100, func(outside float64) (float64, error) { return misfit(runs, outside, k.Step, a) }); err != nil {
			return k, err
		}
		if !hasCalm || calm.Value <= 0 {
			continue
		}
		k.StepFitted = true
		if k.Step, err = least(0, 100, func(step float64) (float64, error) {
			o, err := halfLoad(lines, c, a, k.Outside, step)
			return math.Abs(math.Log(o.ConfirmP50 / calm.Value)), err
		}); err != nil {
			return k, err
		}
	}
	return k, k.compare(lines, runs, c, a)
}

// compare every figure that was measured with the model's.
func (k *Calibration) compare(lines Lines, runs []benchRun, c Constants, a Assumptions) error {
	for _, b := range runs {
		o, cpu, err := b.play(k.Outside, k.Step, a)
		if err != nil {
			return err
		}
		k.Runs = append(k.Runs, Compared{Name: b.tps, Measured: b.measured, Model: o.Done, Unit: "tx/s", Fitted: b.fitted})
		if l, ok := lines[b.cpu]; ok && l.Value > 0 {
			k.Runs = append(k.Runs, Compared{Name: b.cpu, Measured: l.Value, Model: cpu, Unit: "us"})
		}
	}
	if _, ok := lines["shard.4val.confirm_p50_ms"]; ok {
		o, err := halfLoad(lines, c, a, k.Outside, k.Step)
		if err != nil {
			return err
		}
		k.add(lines, "shard.4val.confirm_p50_ms", o.ConfirmP50, true)
		k.add(lines, "shard.4val.confirm_p99_ms", o.ConfirmP99, false)
	}
	return k.shardsHalfLoaded(lines, runs, a)
}

// shardsHalfLoaded compares confirmations within and across shards of the largest run of several, at half of what it took.
func (k *Calibration) shardsHalfLoaded(lines Lines, runs []benchRun, a Assumptions) error {
	most := runs[0]
	for _, b := range runs {
		if b.shards > most.shards {
			most = b
		}
	}
	if most.shards < 2 {
		return nil
	}
	s := most.scenario
	s.Closed, s.Rate, s.Cross, s.Outside, s.Step = false, most.measured/2, 0.5, k.Outside, k.Step
	o, err := Play(s, most.constants, a)
	if err != nil {
		return err
	}
	k.add(lines, "net.confirm_p50_ms", o.ConfirmP50, false)
	k.add(lines, "net.confirm_p99_ms", o.ConfirmP99, false)
	k.add(lines, "net.cross_p50_ms", o.CrossP50, false)
	k.add(lines, "net.cross_p99_ms", o.CrossP99, false)
	return nil
}

func (k *Calibration) add(lines Lines, name string, model float64, fitted bool) {
	if l, ok := lines[name]; ok && l.Value > 0 {
		k.Runs = append(k.Runs, Compared{Name: name, Measured: l.Value, Model: model, Unit: l.Unit, Fitted: fitted})
	}
}

// benchRuns that there are lines of.
func benchRuns(lines Lines, c Constants) ([]benchRun, error) {
	var runs []benchRun
	for _, n := range []int{1, 2, 4} {
		b := benchRun{tps: fmt.Sprintf("net.tps_%d", n), cpu: fmt.Sprintf("net.cpu_us_%d", n), shards: n, members: 1, constants: c, fitted: true}
		if _, ok := lines[b.tps]; ok {
			runs = append(runs, b)
		}
	}
	// The CPU time of the shard runs is theirs, not that of the runs of several shards.
	own, err := lines.need("shard.1val.cpu_us")
	if err != nil {
		return nil, err
	}
	several := len(runs) > 0
	c.Alone = own
	for _, members := range []int{1, 4} {
		name := fmt.Sprintf("shard.%dval", members)
		runs = append(runs, benchRun{tps: name + ".tps", cpu: name + ".cpu_us", shards: 1, members: members, constants: c, fitted: !several})
	}
	for i := range runs {
		b := &runs[i]
		if b.measured, err = lines.need(b.tps); err != nil {
			return nil, err
		}
		if b.scenario, err = onOneMachine(lines, b.tps, b.shards, b.members); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// onOneMachine is the scenario of a benchmark: all members and the loader on the cores that the line names, two where it names none.
func onOneMachine(lines Lines, name string, shards, members int) (Scenario, error) {
	s, err := Defaults(), error(nil)
	if s.World, err = WorldNamed(loopback); err != nil {
		return s, err
	}
	s.Shards, s.Members, s.Auditors, s.Hosts, s.Cores, s.Gbps, s.Cross = shards, members, 0, 1, 2, 100, 0
	s.Closed, s.Waiting, s.Warm, s.Seconds = true, benchWaiting/shards, 5, 60
	if cores, ok := lines.condition(name, "cores"); ok {
		s.Cores = int(cores)
	}
	if share, ok := lines.condition(name, "cross_share"); ok {
		s.Cross = share
	}
	return s, nil
}

// play a benchmark; cpu is what its members took per transfer, in microseconds.
func (b benchRun) play(outside, step float64, a Assumptions) (o Outcome, cpu float64, err error) {
	s := b.scenario
	s.Outside, s.Step = outside, step
	if o, err = Play(s, b.constants, a); err != nil {
		return o, 0, err
	}
	return o, o.Cores * 1e6 / math.Max(o.Done, 1), nil
}

// halfLoad is the run in which confirmations of four members were timed: half of what they had taken.
func halfLoad(lines Lines, c Constants, a Assumptions, outside, step float64) (Outcome, error) {
	s, err := onOneMachine(lines, "shard.4val.confirm_p50_ms", 1, 4)
	if err != nil {
		return Outcome{}, err
	}
	s.Closed, s.Outside, s.Step = false, outside, step
	var ok bool
	if s.Rate, ok = lines.condition("shard.4val.confirm_p50_ms", "load_per_s"); !ok {
		tps, err := lines.need("shard.4val.tps")
		if err != nil {
			return Outcome{}, err
		}
		s.Rate = tps / 2
	}
	if c.Alone, err = lines.need("shard.1val.cpu_us"); err != nil {
		return Outcome{}, err
	}
	return Play(s, c, a)
}

// misfit of throughputs: the mean square of their logarithmic errors.
func misfit(runs []benchRun, outside, step float64, a Assumptions) (sum float64, err error) {
	n := 0
	for _, b := range runs {
		if !b.fitted {
			continue
		}
		o, _, err := b.play(outside, step, a)
		if err != nil {
			return 0, err
		}
		e := math.Log(math.Max(o.Done, 1) / b.measured)
		sum += e * e
		n++
	}
	return sum / float64(n), nil
}

// least finds where a function is smallest: first among steps, then among finer ones beside the best.
func least(low, high float64, f func(float64) (float64, error)) (best float64, err error) {
	const steps = 20
	from, to := low, high
	for range 2 {
		least, width := math.Inf(1), (to-from)/steps
		for i := range steps + 1 {
			x := from + float64(i)*width
			y, err := f(x)
			if err != nil {
				return 0, err
			}
			if y < least {
				best, least = x, y
			}
		}
		from, to = max(low, best-width), min(high, best+width)
	}
	return best, nil
}
