package daemon_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/p2p"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/topnetwork/top/app/base"
)

// The dashboard draws every figure of the chains, and nothing that there is not; what relayers offer is looked at in relayer/cli.
func TestDashboardDrawsWhatExists(t *testing.T) {
	consensus.PrometheusMetrics("cometbft", "chain_id", "x")
	p2p.PrometheusMetrics("cometbft", "chain_id", "x")
	mempool.PrometheusMetrics("cometbft", "chain_id", "x")
	known := described(t)
	for _, c := range both() {
		app := c.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, true)
		for _, g := range app.Gauges() {
			require.NotEmpty(t, g.Help, g.Name)
			known[g.Name] = true
		}
	}

	bz, err := os.ReadFile("../../deploy/grafana/top.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(bz, &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	drawn := map[string]bool{}
	metric := regexp.MustCompile(`\b(?:top|cometbft)_[a-z0-9_]+`)
	relayers := regexp.MustCompile(`^top_(?:relayer|provider|messaging)_`)
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names := metric.FindAllString(target.Expr, -1)
			require.NotEmpty(t, names, "panel %q draws none of our metrics: %s", p.Title, target.Expr)
			for _, name := range names {
				if relayers.MatchString(name) {
					continue
				}
				require.True(t, known[name], "panel %q draws %s, which nothing offers", p.Title, name)
				drawn[name] = true
			}
		}
	}
	for _, c := range both() {
		app := c.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, true)
		for _, g := range app.Gauges() {
			require.True(t, drawn[g.Name], "the dashboard does not draw %s", g.Name)
		}
	}
}

// described are the names in the process's registry, with samples or without.
func described(t *testing.T) map[string]bool {
	t.Helper()
	registry, ok := prometheus.DefaultRegisterer.(*prometheus.Registry)
	require.True(t, ok)
	known := describedBy(registry)
	require.True(t, known["cometbft_consensus_height"])
	return known
}

func describedBy(registry *prometheus.Registry) map[string]bool {
	ch := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(ch)
		close(ch)
	}()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	known := map[string]bool{}
	for d := range ch {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			known[m[1]] = true
		}
	}
	return known
}
