package network

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCalibrationOfOneShard(t *testing.T) {
	lines := measured(t)
	k, err := Calibrate(lines, constants(t), Assumed())
	require.NoError(t, err)
	require.True(t, k.StepFitted)
	seen := map[string]Compared{}
	for _, c := range k.Runs {
		seen[c.Name] = c
		require.InDelta(t, (c.Model-c.Measured)/c.Measured, c.Error(), 1e-12)
	}
	require.Len(t, seen, 6)
	for _, name := range []string{"shard.1val.tps", "shard.4val.tps", "shard.4val.confirm_p50_ms"} {
		require.True(t, seen[name].Fitted)
		require.InDelta(t, 0, seen[name].Error(), 0.1, name)
	}
	// What was measured moves the fit, and a run that the model cannot follow shows as an error.
	odd := Lines{}
	for name, l := range lines {
		odd[name] = l
	}
	l := odd["shard.1val.tps"]
	l.Value *= 3
	odd["shard.1val.tps"] = l
	worse, err := Calibrate(odd, constants(t), Assumed())
	require.NoError(t, err)
	require.Less(t, worse.Outside, k.Outside)
	require.Less(t, worse.Runs[0].Error(), -0.3, "three times as fast as its CPU time allows")
}

// With the lines of several shards these are fitted, and those of one shard are only compared.
func TestCalibrationOfSeveralShards(t *testing.T) {
	lines := measured(t)
	for name, value := range map[string]float64{"net.tps_1": 22_000, "net.tps_2": 21_500, "net.tps_4": 20_500, "net.cpu_us_1": 62, "net.cpu_us_2": 63, "net.cpu_us_4": 66, "net.cross.cpu_ratio": 2, "net.cross_p50_ms": 1_200} {
		lines[name] = Line{Name: name, Value: value, Conditions: map[string]any{"cores": 2.0}}
	}
	c, err := NewConstants(lines)
	require.NoError(t, err)
	require.Empty(t, c.Fallbacks)
	require.InDelta(t, 62, c.Alone, 1e-9)
	require.InDelta(t, 2, c.CrossRatio, 1e-9)
	k, err := Calibrate(lines, c, Assumed())
	require.NoError(t, err)
	fitted := 0
	for _, r := range k.Runs {
		if strings.HasPrefix(r.Name, "net.tps_") {
			fitted++
			require.True(t, r.Fitted)
			require.InDelta(t, 0, r.Error(), 0.15, r.Name)
		}
		if strings.HasSuffix(r.Name, "val.tps") || strings.HasPrefix(r.Name, "net.cross") {
			require.False(t, r.Fitted, r.Name)
		}
	}
	require.Equal(t, 3, fitted)
}

func TestLinesThatAreMissingOrWrong(t *testing.T) {
	for _, name := range []string{"shard.1val.tps", "shard.4val.tps", "shard.1val.cpu_us", "shard.4val.cpu_us"} {
		lines := measured(t)
		delete(lines, name)
		_, err := NewModel(lines, Defaults())
		require.ErrorIs(t, err, ErrNoLine)
		require.ErrorContains(t, err, name+";")
	}
	lines := measured(t)
	lines["shard.1val.cpu_us"] = Line{Name: "shard.1val.cpu_us"}
	_, err := NewConstants(lines)
	require.ErrorContains(t, err, "more than 0")
	lines = measured(t)
	lines["net.cross.cpu_ratio"] = Line{Name: "net.cross.cpu_ratio", Value: 0.5}
	_, err = NewConstants(lines)
	require.ErrorContains(t, err, "net.cross.cpu_ratio")
	for _, text := range []string{"shard 1", `{"value":1}`, `{"name":"a","value":-1}`} {
		_, err := ReadLines(strings.NewReader(text))
		require.ErrorContains(t, err, "line 1")
	}
}

// What stands for a line that is missing is told.
func TestFallbacksAreTold(t *testing.T) {
	lines := measured(t)
	for _, name := range []string{"stock.1val.cpu_us", "voucher.verify_per_s", "shard.bytes_per_account", "shard.1m.rss_mib", "epoch.bytes_100", "shard.4val.confirm_p50_ms"} {
		delete(lines, name)
	}
	c, err := NewConstants(lines)
	require.NoError(t, err)
	require.Len(t, c.Fallbacks, 6)
	k, err := Calibrate(lines, c, Assumed())
	require.NoError(t, err)
	require.False(t, k.StepFitted)
	page := Report{Model: Model{Constants: c, Calibration: k, Base: worldly(t)}}.Page("topsim network")
	for _, f := range c.Fallbacks {
		require.Contains(t, page, "Not measured: "+f.Name)
	}
	require.Contains(t, page, "no line shard.4val.confirm_p50_ms")
}

func worldly(t *testing.T) Scenario {
	s := Defaults()
	var err error
	s.World, err = WorldNamed("world")
	require.NoError(t, err)
	return s
}

// A small network is asked everything: its answers keep their limits, and one that grows on a thin main chain breaks there first.
func TestAnswers(t *testing.T) {
	base := worldly(t)
	base.World, _ = WorldNamed("region")
	base.Members, base.Auditors, base.Warm, base.Seconds = 4, 4, 2, 2
	m, err := NewModel(measured(t), base)
	require.NoError(t, err)
	p, err := m.ForRate("20000 transfers per second", 20_000)
	require.NoError(t, err)
	require.True(t, p.Holds)
	require.Empty(t, p.Outcome.Breaches(m.Limits))
	require.InEpsilon(t, 20_000, p.Outcome.Done, 0.15)

	thin := m
	thin.Base.Anchor, thin.Base.AnchorsPerTx = 0.02, 1
	g, err := thin.Grow(200, 1, 16)
	require.NoError(t, err)
	require.Positive(t, g.At)
	require.Equal(t, "main chain", g.Broken[0].What)

	r := Report{Model: m, Plans: []Plan{p}, Break: g}
	var out bytes.Buffer
	require.NoError(t, r.WriteLines(&out))
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		for _, key := range []string{"name", "value", "unit", "baseline", "baseline_value", "ratio", "conditions"} {
			require.Contains(t, fields, key)
		}
	}
	require.Contains(t, out.String(), "network.20000_transfers_per_second.hosts")
	require.Contains(t, r.Page("topsim network"), "First of all breaks **main chain**")
}

func TestScenariosThatAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Scenario){
		"0 shards":       func(s *Scenario) { s.Shards = 0 },
		"sits twice":     func(s *Scenario) { s.Hosts = 3 },
		"share of 2":     func(s *Scenario) { s.Cross = 2 },
		"per second":     func(s *Scenario) { s.Rate = 0 },
		"0 cores":        func(s *Scenario) { s.Cores = 0 },
		"committees of":  func(s *Scenario) { s.Members = 0 },
		"must be posit":  func(s *Scenario) { s.Epoch = 0 },
		"seconds after":  func(s *Scenario) { s.Seconds = -1 },
		"without region": func(s *Scenario) { s.World = World{} },
	} {
		s := worldly(t)
		s.Shards, s.Hosts, s.Rate = 2, 42, 100
		require.NoError(t, s.Check())
		change(&s)
		_, err := Play(s, constants(t), Assumed())
		require.ErrorContains(t, err, want)
	}
	_, err := WorldNamed("moon")
	require.ErrorContains(t, err, "loopback, region, continent, world")
}

// The run that the page is of: it has all lines, and the model follows what shards take on the machine of the benchmark within a quarter.
func TestCalibrationOfTheMeasuredRun(t *testing.T) {
	lines, err := ReadLines(bytes.NewReader(Measured))
	require.NoError(t, err)
	c, err := NewConstants(lines)
	require.NoError(t, err)
	require.Empty(t, c.Fallbacks)
	k, err := Calibrate(lines, c, Assumed())
	require.NoError(t, err)
	for _, r := range k.Runs {
		if r.Fitted || strings.HasPrefix(r.Name, "shard.1val.") {
			require.InDelta(t, 0, r.Error(), 0.25, r.Name)
		}
	}
}
