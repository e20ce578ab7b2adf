package daemon_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
	require.True(t, known["cometbft_consensus_height"])
	return known
}

// relayerNames reads the relayer's metric names from its sources: full names, and names in the subsystem "provider".
func relayerNames(t *testing.T, known map[string]bool) {
	t.Helper()
	full, short := regexp.MustCompile(`"(top_[a-z_]+)"`), regexp.MustCompile(`\b(?:counter|gauge)\("([a-z_]+)"`)
	require.NoError(t, filepath.WalkDir("../../relayer", func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "metrics.go") {
			return err
		}
		bz, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range full.FindAllStringSubmatch(string(bz), -1) {
			known[m[1]] = true
		}
		for _, m := range short.FindAllStringSubmatch(string(bz), -1) {
			known["top_provider_"+m[1]] = true
		}
		return nil
	}))
	require.True(t, known["top_relayer_backlog_packets"] && known["top_provider_sessions"])
}
