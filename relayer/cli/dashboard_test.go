package cli

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/relayer/services/messaging"
)

// undrawn are metrics that the dashboard leaves out, and why.
var undrawn = map[string]string{}

// The dashboard draws every metric that a relayer with all roles offers, and none of a relayer that there is not.
func TestDashboardDrawsEveryMetric(t *testing.T) {
	services.Register(messaging.New(messaging.DefaultCaps))
	home, down := t.TempDir(), nobody(t)
	operator(t, home)
	registry := prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- start(ctx, home, &config.Config{
			Chains: config.Chains{Main: end("top-main-1", down), Service: end("top-msg-1", listen(t, "", "top-msg-1"))},
			IBC:    &ibc.Config{Key: "operator", Poll: time.Second, Refresh: time.Second},
			Provider: &provider.Config{
				Key: "operator", Identity: "identity.key", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Service: "messaging", Prices: map[string]uint64{"kib": 1, "message": 1},
				Tick: 1, Float: 1, Voucher: 1, Deposit: 1, Data: "data", Retention: time.Hour,
			},
		}, registry, slog.New(slog.DiscardHandler))
	}()
	var offered map[string]bool
	require.Eventually(t, func() bool {
		offered = described(registry)
		return offered["top_messaging_stored_bytes"]
	}, 30*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)

	bz, err := os.ReadFile("../../deploy/grafana/top.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(bz, &dashboard))
	drawn := map[string]bool{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`\btop_(?:relayer|provider|messaging)_[a-z0-9_]+`).FindAllString(target.Expr, -1) {
				require.True(t, offered[name], "the dashboard draws %s, which no role offers", name)
				drawn[name] = true
			}
		}
	}
	for name := range offered {
		require.True(t, strings.HasPrefix(name, "top_"), "%s: metrics of TOP begin with top_", name)
		require.True(t, drawn[name] != (undrawn[name] != ""), "draw %s in deploy/grafana/top.json, or say in undrawn why not, not both", name)
	}
	for name := range undrawn {
		require.True(t, offered[name], "%s is no metric any more", name)
	}
}

// described are the names in a registry, with samples or without.
func described(registry *prometheus.Registry) map[string]bool {
	ch := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(ch)
		close(ch)
	}()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	names := map[string]bool{}
	for d := range ch {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			names[m[1]] = true
		}
	}
	return names
}
