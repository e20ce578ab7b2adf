package network

import (
	"encoding/json"
	"fmt"
	"io"
)

// Report is all that the simulation answers.
type Report struct {
	Model   Model
	Plans   []Plan
	Break   Break
	Reaches []Reach
}

// Questions of a report.
type Questions struct {
	// Rates in transfers per second, and a number of shards, to plan for; 0 shards are not asked about.
	Rates  []float64
	Shards int
	// Sweep is the load of a shard while their number grows up to Most; none grows where that is 0.
	Sweep float64
	Most  int
	// Latencies of committees of several sizes in several worlds.
	Latencies bool
}

// Ask a model the questions. Progress is told as it is made.
func (m Model) Ask(q Questions, tell func(string)) (Report, error) {
	r := Report{Model: m}
	for _, rate := range q.Rates {
		name := fmt.Sprintf("%.0f transfers per second", rate)
		tell(name)
		p, err := m.ForRate(name, rate)
		if err != nil {
			return r, err
		}
		r.Plans = append(r.Plans, p)
	}
	if q.Shards > 0 {
		name := fmt.Sprintf("%d shards", q.Shards)
		tell(name)
		p, err := m.ForShards(name, q.Shards)
		if err != nil {
			return r, err
		}
		r.Plans = append(r.Plans, p)
	}
	var err error
	if q.Most > 0 {
		tell("where it breaks")
		if r.Break, err = m.Grow(q.Sweep, min(50, q.Most), q.Most); err != nil {
			return r, err
		}
	}
	if !q.Latencies {
		return r, nil
	}
	tell("latency of committees")
	r.Reaches, err = m.Reaches([]int{4, 7, 21, 51, 100}, []string{"region", "continent", "world"})
	return r, err
}

// figure of an outcome: its name, as a line's, and how a person reads it.
type figure struct {
	name, label string
	value       float64
	unit        string
}

func (o Outcome) figures(c Constants) []figure {
	s := o.Scenario
	return []figure{
		{"tps", "transfers done per second", o.Done, "tx/s"},
		{"shards", "shards", float64(s.Shards), ""},
		{"per_shard", "transfers per second and shard", s.Rate / float64(s.Shards), "tx/s"},
		{"hosts", "hosts of members", float64(s.Hosts), ""},
		{"seats_per_host", "seats per host, at most", float64(s.seats()), ""},
		{"audit_hosts", "hosts of auditors", float64(s.AuditHosts()), ""},
		{"zone_shards", "shards of a zone", float64(s.ZoneShards), ""},
		{"cores_member", "cores in use, busiest host", o.CoresMost, "cores"},
		{"cores_auditor", "cores in use, auditor", o.AuditorCores, "cores"},
		{"up_mbit", "sent by the busiest host", o.Up, "Mbit/s"},
		{"down_mbit", "received by the busiest host", o.Down, "Mbit/s"},
		{"auditor_down_mbit", "received by an auditor", o.AuditorDown, "Mbit/s"},
		{"memory_gib", "memory of a host", o.MemoryGiB, "GiB"},
		{"auditor_memory_gib", "memory of an auditor", o.AuditorGiB, "GiB"},
		{"join_mib", "accounts a new member loads", s.JoinBytes(c) / (1 << 20), "MiB"},
		{"interval_ms", "block interval", o.Interval, "ms"},
		{"confirm_p50_ms", "confirmation in a shard, p50", o.ConfirmP50, "ms"},
		{"confirm_p99_ms", "confirmation in a shard, p99", o.ConfirmP99, "ms"},
		{"cross_p50_ms", "confirmation across shards, p50", o.CrossP50, "ms"},
		{"cross_p99_ms", "confirmation across shards, p99", o.CrossP99, "ms"},
		{"deliveries", "batches of receipts per second and shard", o.Deliveries, "1/s"},
		{"audit_lag_ms", "auditors' lag, p99", o.Lag, "ms"},
		{"main_messages", "messages to the main chain", o.MainMessages, "1/s"},
		{"main_bytes", "bytes to the main chain", o.MainBytes, "B/s"},
		{"main_use", "main chain's core in use", o.MainUse, "cores"},
		{"epoch_burst_s", "main chain's work at an epoch's change", o.EpochBurst, "s"},
	}
}

// Lines of the report, in the form of a benchmark's.
func (r Report) Lines() (list []Line) {
	add := func(name string, value float64, unit string, conditions map[string]any) {
		conditions["seed"] = r.Model.Base.Seed
		list = append(list, Line{Name: name, Value: value, Unit: unit, Conditions: conditions})
	}
	for _, c := range r.Model.Calibration.Runs {
		add("network.calibration."+c.Name, c.Error(), "", map[string]any{"measured": c.Measured, "model": c.Model, "fitted": c.Fitted})
	}
	for _, p := range r.Plans {
		for _, f := range p.Outcome.figures(r.Model.Constants) {
			add("network."+word(p.Name)+"."+f.name, f.value, f.unit, map[string]any{"holds": p.Holds, "misses": names(p.Misses), "world": r.Model.Base.World.Name, "cross_share": r.Model.Base.Cross})
		}
	}
	for _, s := range r.Break.Steps {
		add(fmt.Sprintf("network.sweep.%d_shards.breaches", s.Outcome.Scenario.Shards), float64(len(s.Broken)), "", map[string]any{"per_shard": r.Break.PerShard, "broken": names(s.Broken)})
	}
	for _, a := range r.Reaches {
		name := fmt.Sprintf("network.reach.%s.%d", a.World, a.Outcome.Scenario.Members)
		add(name+".confirm_p50_ms", a.Outcome.ConfirmP50, "ms", map[string]any{"one_way_ms": a.OneWay})
		add(name+".cross_p50_ms", a.Outcome.CrossP50, "ms", map[string]any{"one_way_ms": a.OneWay})
	}
	return list
}

// WriteLines as JSON, one a line.
func (r Report) WriteLines(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, l := range r.Lines() {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func names(list []Breach) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = b.What
	}
	return out
}

// word of a name for a line: what is not a letter or a digit is one underscore.
func word(name string) string {
	var out []byte
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			out = append(out, c)
		} else if len(out) > 0 && out[len(out)-1] != '_' {
			out = append(out, '_')
		}
	}
	return string(out)
}
