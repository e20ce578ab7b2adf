package edge

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the edge role.
type Metrics struct {
	up            *prometheus.GaugeVec
	table, height prometheus.Gauge
	refused       *prometheus.CounterVec
	cache         *prometheus.CounterVec
}

// NewMetrics registers the role's metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		up:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_edge_shard_up", Help: "1 while a node of the shard answers."}, []string{"shard"}),
		table:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "top_edge_table_version", Help: "Routing tables that were adopted since the start."}),
		height:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "top_edge_height", Help: "Greatest height of the network's shards."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_edge_refused_total", Help: "Requests that the limits refused."}, []string{"why"}),
		cache:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_edge_cache_total", Help: "Questions to the cache."}, []string{"answer"}),
	}
	var err error
	for _, c := range []prometheus.Collector{m.up, m.table, m.height, m.refused, m.cache} {
		err = errors.Join(err, r.Register(c))
	}
	return m, err
}
