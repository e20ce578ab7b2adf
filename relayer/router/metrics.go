package router

import (
	"github.com/prometheus/client_golang/prometheus"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Metrics of the router role.
type Metrics struct {
	waiting    *prometheus.GaugeVec
	sent       *prometheus.GaugeVec
	submitted  *prometheus.CounterVec
	duplicates *prometheus.CounterVec
	failures   *prometheus.CounterVec
	height     *prometheus.GaugeVec
}

// NewMetrics registers the role's metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_router_" + name, Help: help}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_router_" + name, Help: help}, labels)
	}
	m := &Metrics{
		waiting:    gauge("waiting_batches", "Batches that a source has sent and was not told the end of.", "source", "destination"),
		sent:       gauge("undelivered_blocks", "Blocks of the source between the last batch that was taken and the last that was sent.", "source", "destination"),
		submitted:  counter("submitted_total", "Transactions that a chain has taken to be put into a block.", "chain", "step"),
		duplicates: counter("redundant_total", "Transactions that another router had brought before.", "chain", "step"),
		failures:   counter("failed_steps_total", "Steps that failed and are tried again.", "source", "destination"),
		height:     gauge("height", "Newest height of a chain that was seen.", "chain"),
	}
	for _, c := range []prometheus.Collector{m.waiting, m.sent, m.submitted, m.duplicates, m.failures, m.height} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// waits tells what waits at a source for a destination, which has taken batches up to a height.
func (m *Metrics) waits(source, destination string, taken uint64, box latticetypes.Outbox) {
	m.waiting.WithLabelValues(source, destination).Set(float64(box.Waiting))
	m.sent.WithLabelValues(source, destination).Set(float64(box.Sent.Height) - float64(min(taken, box.Sent.Height)))
}

func (m *Metrics) carried(chain, step string) { m.submitted.WithLabelValues(chain, step).Inc() }

func (m *Metrics) redundant(chain, step string) { m.duplicates.WithLabelValues(chain, step).Inc() }

func (m *Metrics) failed(source, destination string) {
	m.failures.WithLabelValues(source, destination).Inc()
}

func (m *Metrics) saw(chain string, height int64) {
	m.height.WithLabelValues(chain).Set(float64(height))
}
