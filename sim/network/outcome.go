package network

import (
	"math"
	"slices"
)

// Outcome of a run, of the time that was counted.
type Outcome struct {
	Scenario Scenario `json:"-"`
	// Offered transfers per second, of which the network was too full for some; Done are those that have ended, each once: in its shard, or credited in another one.
	Offered, Refused, Done float64
	// ConfirmP50 and so on in milliseconds, from the client's sending to its learning that the transfer is in a block, or credited.
	ConfirmP50, ConfirmP99, CrossP50, CrossP99 float64
	// Interval between blocks in milliseconds, its median and 99th percentile.
	Interval, IntervalP99 float64
	// Cores in use, of one host of members at the mean and at the most, and of an auditor at the most.
	Cores, CoresMost, AuditorCores float64
	// Up and Down in Mbit/s of the busiest host of members, AuditorDown of an auditor.
	Up, Down, AuditorDown float64
	// Lag of auditors behind a block, 99th percentile, in milliseconds.
	Lag float64
	// Deliveries per second to one shard.
	Deliveries float64
	// MainUse of a core that executes the main chain's blocks, its messages and bytes per second, how long messages wait in milliseconds, and how long an epoch's headers take it in seconds.
	MainUse, MainMessages, MainBytes, MainLag, EpochBurst float64
	// MemoryGiB of a host of members and of an auditor.
	MemoryGiB, AuditorGiB float64
	// Backlog is by how much the transfers that wait have grown per second.
	Backlog float64
	Events  uint64
}

func (r *run) outcome() Outcome {
	t, seconds := &r.tally, r.s.Seconds
	per := func(n int) float64 { return float64(n) / seconds }
	o := Outcome{
		Scenario: r.s, Offered: per(t.offered - t.before.offered), Refused: per(t.refused - t.before.refused),
		Done:       per(t.local - t.before.local + t.credited - t.before.credited),
		ConfirmP50: t.confirm.percentile(50), ConfirmP99: t.confirm.percentile(99), CrossP50: t.cross.percentile(50), CrossP99: t.cross.percentile(99),
		Interval: t.interval.percentile(50), IntervalP99: t.interval.percentile(99), Lag: t.lag.percentile(99),
		Deliveries: per(t.deliveries) / float64(r.s.Shards),
		MainUse:    float64(r.main.asked) / float64(second) / seconds, MainMessages: per(r.main.messages), MainBytes: r.main.bytes / seconds, MainLag: r.main.lag.percentile(99),
		EpochBurst: r.s.epochBurst(r.c), Events: r.made,
	}
	o.MemoryGiB, o.AuditorGiB = r.s.MemoryGiB(r.c)
	mbit := func(bytes int64) float64 { return float64(bytes) * 8 / 1e6 / seconds }
	var sum float64
	for i := range r.hosts {
		h := &r.hosts[i]
		cores := float64(h.worked) / float64(second) / seconds
		if i >= r.s.Hosts {
			o.AuditorCores, o.AuditorDown = max(o.AuditorCores, cores), max(o.AuditorDown, mbit(h.receivedBy))
			continue
		}
		sum += cores
		o.CoresMost, o.Up, o.Down = max(o.CoresMost, cores), max(o.Up, mbit(h.sent)), max(o.Down, mbit(h.receivedBy))
	}
	o.Cores = sum / float64(r.s.Hosts)
	waiting := -t.waiting
	for _, sh := range r.shards {
		waiting += sh.waiting
	}
	o.Backlog = per(waiting)
	return o
}

// Limits that a network is to keep.
type Limits struct {
	// HostUse of a host's cores and links, MainUse of the main chain's core.
	HostUse, MainUse float64
	// ConfirmP99 and CrossP99 in milliseconds, Lag of auditors too; Interval is when proposals time out.
	ConfirmP99, CrossP99, Lag, Interval float64
}

// Bounds of the design: confirmations at the 99th percentile, and CometBFT's time for a proposal (timeout_propose).
func Bounds() Limits {
	return Limits{HostUse: 0.8, MainUse: Assumed().MainUse, ConfirmP99: 1_500, CrossP99: 4_000, Lag: 10_000, Interval: 3_000}
}

// Breach of a limit.
type Breach struct {
	What         string
	Value, Limit float64
	Unit         string
}

// Breaches of limits, the worst one first.
func (o Outcome) Breaches(l Limits) (list []Breach) {
	s := o.Scenario
	// What is done comes a block at a time: a shard's count is a block off at each end, and those of several even out.
	for _, b := range []Breach{
		{"CPU of a member's host", o.CoresMost, l.HostUse * float64(s.Cores), "cores"},
		{"CPU of an auditor", o.AuditorCores, l.HostUse * float64(s.Cores), "cores"},
		{"bandwidth of a member's host", max(o.Up, o.Down), l.HostUse * s.Gbps * 1000, "Mbit/s"},
		{"bandwidth of an auditor", o.AuditorDown, l.HostUse * s.Gbps * 1000, "Mbit/s"},
		{"memory of a member's host", o.MemoryGiB, s.GiB, "GiB"},
		{"memory of an auditor", o.AuditorGiB, s.GiB, "GiB"},
		{"main chain", o.MainUse, l.MainUse, "cores"},
		{"confirmation in a shard, p99", o.ConfirmP99, l.ConfirmP99, "ms"},
		{"confirmation across shards, p99", o.CrossP99, l.CrossP99, "ms"},
		{"block interval, p99", o.IntervalP99, l.Interval, "ms"},
		{"auditors' lag, p99", o.Lag, l.Lag, "ms"},
		{"throughput: transfers that are not done", 1 - o.Done/max(o.Offered, 1), 0.05 + o.Interval/1000/s.Seconds/math.Sqrt(float64(s.Shards)), "of those offered"},
	} {
		if b.Value > b.Limit || math.IsNaN(b.Value) {
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b Breach) int {
		x, y := a.Value/a.Limit, b.Value/b.Limit
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return list
}
