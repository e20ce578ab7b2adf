package sim

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/topnetwork/top/sim/network"
)

// networkCommand is what the flags of `topsim network` ask.
type networkCommand struct {
	bench, page, world, rates string
	oneWay, sweep             float64
	shards, most              int
	json, latencies           bool
	base                      network.Scenario
}

func runNetwork(args []string, out, people io.Writer) error {
	c := networkCommand{base: network.Defaults()}
	flags := c.flags()
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(out, usageNetwork)
		return err
	} else if err != nil {
		return fmt.Errorf("%w\n%s", err, usageNetwork)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("too many arguments: %q\n%s", flags.Args(), usageNetwork)
	}
	model, rates, err := c.model()
	if err != nil {
		return err
	}
	report, err := model.Ask(network.Questions{Rates: rates, Shards: c.shards, Sweep: c.sweep, Most: c.most, Latencies: c.latencies}, func(what string) { _, _ = fmt.Fprintln(people, "topsim:", what) })
	if err != nil {
		return err
	}
	page := report.Page("go run ./cmd/topsim network " + strings.Join(args, " "))
	if c.page != "" {
		if err := os.WriteFile(c.page, []byte(page), 0o644); err != nil { //nolint:gosec // a page for all to read
			return err
		}
	}
	if c.json {
		if _, err := io.WriteString(people, page); err != nil {
			return err
		}
		return report.WriteLines(out)
	}
	_, err = io.WriteString(out, page)
	return err
}

func (c *networkCommand) flags() *flag.FlagSet {
	f := flag.NewFlagSet("topsim network", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.bench, "bench", "", "output of `make bench`; the run that docs/benchmarks/network-model.md is of where there is none")
	f.StringVar(&c.page, "page", "", "write the page of documentation there")
	f.BoolVar(&c.json, "json", false, "JSON lines on stdout, the table on stderr")
	f.Uint64Var(&c.base.Seed, "seed", c.base.Seed, "another number is another run")
	f.StringVar(&c.world, "world", "world", "regions: loopback, region, continent, world")
	f.Float64Var(&c.oneWay, "one-way", 0, "mean one-way delay in ms; the world's own where 0")
	f.IntVar(&c.base.Members, "members", c.base.Members, "of a shard's committee")
	f.IntVar(&c.base.Auditors, "auditors", c.base.Auditors, "of a zone")
	f.IntVar(&c.base.MainMembers, "main-members", c.base.MainMembers, "of the main chain")
	f.IntVar(&c.base.Cores, "cores", c.base.Cores, "of a host")
	f.Float64Var(&c.base.Gbps, "gbps", c.base.Gbps, "of a host's link, each way")
	f.Float64Var(&c.base.GiB, "gib", c.base.GiB, "of a host's memory")
	f.Float64Var(&c.base.Cross, "cross", c.base.Cross, "share of transfers that cross shards")
	f.Float64Var(&c.base.Accounts, "accounts", c.base.Accounts, "of the whole network")
	f.StringVar(&c.rates, "rates", "300000,1000000", "transfers per second to plan for, with commas")
	f.IntVar(&c.shards, "shards", 100, "shards to plan for; 0 for none")
	f.Float64Var(&c.sweep, "sweep", 2000, "transfers per second of a shard while their number grows")
	f.BoolVar(&c.latencies, "latencies", true, "play committees of several sizes in several worlds")
	f.IntVar(&c.most, "most", 400, "shards that the sweep ends with; 0 for no sweep")
	return f
}

// model of the lines that the command names, and the rates it asks for.
func (c *networkCommand) model() (m network.Model, rates []float64, err error) {
	for _, text := range strings.FieldsFunc(c.rates, func(r rune) bool { return r == ',' }) {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate > 0 && rate <= 1e8) {
			return m, nil, fmt.Errorf("-rates %q: want numbers above 0 and at most 100 million, with commas", c.rates)
		}
		rates = append(rates, rate)
	}
	if !(c.oneWay >= 0) || !(c.sweep > 0) {
		return m, nil, fmt.Errorf("-one-way %g, -sweep %g: want a delay of 0 or more and a load above 0", c.oneWay, c.sweep)
	}
	if c.base.World, err = network.WorldNamed(c.world); err != nil {
		return m, nil, err
	}
	if c.oneWay > 0 {
		c.base.World = c.base.World.Scaled(c.oneWay)
	}
	// The base is whole but for shards, hosts and load; those of one shard show early what it lacks.
	probe := c.base
	probe.Shards, probe.Hosts, probe.Rate = 1, probe.Members, 1
	if err := probe.Check(); err != nil {
		return m, nil, err
	}
	name, raw := network.MeasuredFile, network.Measured
	if c.bench != "" {
		name = c.bench
		if raw, err = os.ReadFile(name); err != nil {
			return m, nil, err
		}
	}
	lines, err := network.ReadLines(bytes.NewReader(raw))
	if err != nil {
		return m, nil, fmt.Errorf("%s: %w", name, err)
	}
	if m, err = network.NewModel(lines, c.base); err != nil {
		return m, nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, rates, nil
}
