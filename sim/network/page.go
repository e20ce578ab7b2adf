package network

import (
	"fmt"
	"math"
	"strings"
)

// Page tells the report as a page of documentation; the same text is what a person reads in a terminal. The command is how it was made.
func (r Report) Page(command string) string {
	var b strings.Builder
	s := r.Model.Base
	fmt.Fprintf(&b, "# A network of many shards, as a model\n`%s` writes this page; the same seed and the same lines give the same page. Nothing here was measured on such a network: it is what a discrete-event model makes of figures that were measured on one machine (sim/network/README.md).\n\n", command)
	fmt.Fprintf(&b, "Asked of committees of %d and %d auditors a zone, hosts of %d cores, %g Gbit/s and %g GiB, the regions of `%s` (%.0f ms one way at the mean), %.0f %% of transfers across shards, %.0f accounts, a main chain of %d members, epochs of %.0f s, an anchor and a report every %.0f s.\n\n",
		s.Members, s.Auditors, s.Cores, s.Gbps, s.GiB, s.World.Name, s.World.Mean(), 100*s.Cross, s.Accounts, s.MainMembers, s.Epoch, s.Anchor)
	r.answers(&b)
	r.breaking(&b)
	r.latencies(&b)
	r.calibration(&b)
	r.limits(&b)
	return b.String()
}

func (r Report) answers(b *strings.Builder) {
	if len(r.Plans) == 0 {
		return
	}
	b.WriteString("## What it takes\n| |")
	for _, p := range r.Plans {
		fmt.Fprintf(b, " %s |", p.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(r.Plans)) + "\n")
	for i, f := range r.Plans[0].Outcome.figures(r.Model.Constants) {
		fmt.Fprintf(b, "| %s |", f.label)
		for _, p := range r.Plans {
			f := p.Outcome.figures(r.Model.Constants)[i]
			fmt.Fprintf(b, " %s |", strings.TrimSpace(digits(f.value)+" "+f.unit))
		}
		b.WriteString("\n")
	}
	b.WriteString("| limits |")
	for _, p := range r.Plans {
		if p.Holds {
			b.WriteString(" kept |")
		} else {
			fmt.Fprintf(b, " **broken**: %s |", breaches(p.Misses))
		}
	}
	b.WriteString("\n| broken by another try |")
	for _, p := range r.Plans {
		if len(p.Broken) == 0 {
			b.WriteString(" none was tried |")
		} else {
			fmt.Fprintf(b, " %s per shard: %s |", digits(p.Tried), breaches(p.Broken[:1]))
		}
	}
	b.WriteString("\n\nA try has a fifth less load per shard than the one before; the first that keeps all limits is shown, with as many seats on a host as fill six tenths of its cores or links, or its memory. Where a column is broken, shards of that load would keep the limits alone, and so many together do not; fewer transfers per shard and more shards did not either.\n\n")
}

func (r Report) breaking(b *strings.Builder) {
	g := r.Break
	if len(g.Steps) == 0 {
		return
	}
	fmt.Fprintf(b, "## Where it breaks\nShards of %s transfers per second each, more and more of them.\n\n| shards | cores, host | cores, auditor | Mbit/s, host | in a shard p99 | across p99 | batches per shard | main chain's core | broken |\n|---|---|---|---|---|---|---|---|---|\n", digits(g.PerShard))
	for _, st := range g.Steps {
		o := st.Outcome
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s ms | %s ms | %s 1/s | %s | %s |\n", o.Scenario.Shards, digits(o.CoresMost), digits(o.AuditorCores), digits(max(o.Up, o.Down)), digits(o.ConfirmP99), digits(o.CrossP99), digits(o.Deliveries), digits(o.MainUse), breaches(st.Broken))
	}
	if g.At == 0 {
		fmt.Fprintf(b, "\nNothing breaks up to %d shards, the most that was played.\n\n", g.Holds)
		return
	}
	fmt.Fprintf(b, "\nFirst of all breaks **%s**: %d shards keep the limits, %d do not.\n\n", g.Broken[0].What, g.Holds, g.At)
}

func (r Report) latencies(b *strings.Builder) {
	if len(r.Reaches) == 0 {
		return
	}
	b.WriteString("## Latency by committee and distance\nFour shards of a thousand transfers per second each, every seat on a host of its own.\n\n| regions | one way, mean | committee | block interval | in a shard p50, p99 | across p50, p99 | cores per seat | Mbit/s sent |\n|---|---|---|---|---|---|---|---|\n")
	for _, a := range r.Reaches {
		o := a.Outcome
		fmt.Fprintf(b, "| %s | %s ms | %d | %s ms | %s, %s ms | %s, %s ms | %s | %s |\n", a.World, digits(a.OneWay), o.Scenario.Members, digits(o.Interval), digits(o.ConfirmP50), digits(o.ConfirmP99), digits(o.CrossP50), digits(o.CrossP99), digits(o.CoresMost), digits(o.Up))
	}
	b.WriteString("\n")
}

func (r Report) calibration(b *strings.Builder) {
	k, several := r.Model.Calibration, false
	b.WriteString("## Calibration\n| run | measured | model | error | |\n|---|---|---|---|---|\n")
	for _, c := range k.Runs {
		how := "not known to the model"
		switch {
		case c.Fitted:
			how = "fitted"
		case strings.HasSuffix(c.Name, "cpu_us") || strings.Contains(c.Name, ".cpu_us") || strings.Contains(c.Name, "cpu_us_1"):
			how = "a constant is read from it"
		}
		if strings.HasPrefix(c.Name, "net.cpu_us_") && c.Name != "net.cpu_us_1" {
			how = "not known to the model"
		}
		several = several || strings.HasPrefix(c.Name, "net.tps_")
		fmt.Fprintf(b, "| %s | %s %s | %s | %+.1f %% | %s |\n", c.Name, digits(c.Measured), c.Unit, digits(c.Model), 100*c.Error(), how)
	}
	fmt.Fprintf(b, "\nFitted are %s us of CPU time per transfer beside the members (loader and kernel; only on the machine of the benchmark)", digits(k.Outside))
	if k.StepFitted {
		fmt.Fprintf(b, ", and %s ms that a message of consensus takes beside its link. That step holds everywhere in the model, although part of it is four members waiting for two cores: hosts with cores to spare would be quicker.\n", digits(k.Step))
	} else {
		fmt.Fprintf(b, ". A message of consensus takes %s ms beside its link, half of the pause in which members look for what to send: there is no line shard.4val.confirm_p50_ms to fit it to.\n", digits(k.Step))
	}
	if !several {
		b.WriteString("**There are no lines net.tps_1, net.tps_2, net.tps_4**: the model is calibrated to one shard of one and of four members, and nothing measured says yet what a second shard costs the first.\n")
	}
	c := r.Model.Constants
	fmt.Fprintf(b, "\nConstants: %s us per transfer at the only member of a shard and %s us more at each member for each further one; %s us for a transaction of the slow side and %s us per signature in it; a transfer that crosses costs %s times one that does not; %s B per account and %s MiB per shard beside them; %s B per transfer on the wire (protocol/sendtx). Read from %s.\n",
		digits(c.Alone), digits(c.PerPeer), digits(c.SDK), digits(c.Check), digits(c.CrossRatio), digits(c.BytesPerAccount), digits(c.BaseMiB), digits(c.TransferBytes), strings.Join(c.Lines, ", "))
	for _, f := range c.Fallbacks {
		fmt.Fprintf(b, "Not measured: %s; %s stands for it.\n", f.Name, digits(f.Value))
	}
	b.WriteString("\n")
}

// digits rounds to four that count.
func digits(v float64) string {
	if v == 0 || math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

func breaches(list []Breach) string {
	if len(list) == 0 {
		return "nothing"
	}
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = fmt.Sprintf("%s (%s, at most %s %s)", b.What, digits(b.Value), digits(b.Limit), b.Unit)
	}
	return strings.Join(out, "; ")
}
