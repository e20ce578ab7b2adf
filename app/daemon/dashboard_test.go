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
	"github.com/topnetwork/top/relayer/balance"
	"github.com/topnetwork/top/relayer/ibc"
)

// Every metric that the dashboard draws exists: CometBFT's and the chains' by their descriptions, the relayer's by its sources.
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
	relayerNames(t, known)

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
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names := metric.FindAllString(target.Expr, -1)
			require.NotEmpty(t, names, "panel %q draws none of our metrics: %s", p.Title, target.Expr)
			for _, name := range names {
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

// relayerNames adds what the relayer's roles register; a provider's names are read from its source, which needs a running provider otherwise.
func relayerNames(t *testing.T, known map[string]bool) {
	t.Helper()
	registry := prometheus.NewRegistry()
	_, err := ibc.NewMetrics(registry)
	require.NoError(t, err)
	_, err = balance.Gauge(registry)
	require.NoError(t, err)
	for name := range describedBy(registry) {
		known[name] = true
	}
	bz, err := os.ReadFile("../../relayer/provider/metrics.go")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?:counter\(|gauge\(|Name: )"([a-z_]+)"`).FindAllStringSubmatch(string(bz), -1) {
		known["top_provider_"+m[1]] = true
	}
	require.True(t, known["top_relayer_backlog_packets"] && known["top_provider_sessions"])
}
