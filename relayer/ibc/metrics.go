package ibc

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the ibc role.
type Metrics struct {
	open      *prometheus.GaugeVec
	packets   *prometheus.CounterVec
	remaining *prometheus.GaugeVec
	failures  *prometheus.CounterVec
}

// NewMetrics registers the role's metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		open:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_relayer_backlog_packets", Help: "Packets sent and not yet received."}, []string{"source", "destination"}),
		packets:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_relayer_packets_total", Help: "Packet messages in blocks."}, []string{"chain", "step"}),
		remaining: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_relayer_client_expiry_seconds", Help: "Time until the light client expires without an update."}, []string{"chain", "client"}),
		failures:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_relayer_failed_rounds_total", Help: "Rounds in which a step failed."}, []string{"source", "destination"}),
	}
	for _, c := range []prometheus.Collector{m.open, m.packets, m.remaining, m.failures} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) backlog(p *Path, n int) {
	m.open.WithLabelValues(p.Source.ChainID(), p.Destination.ChainID()).Set(float64(n))
}

func (m *Metrics) relayed(chain, step string, n int) {
	m.packets.WithLabelValues(chain, step).Add(float64(n))
}

func (m *Metrics) expiry(p *Path, left time.Duration) {
	m.remaining.WithLabelValues(p.Destination.ChainID(), p.DestinationClient).Set(left.Seconds())
}

func (m *Metrics) failed(p *Path) {
	m.failures.WithLabelValues(p.Source.ChainID(), p.Destination.ChainID()).Inc()
}
