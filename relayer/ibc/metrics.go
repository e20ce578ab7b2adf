package ibc

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/sdk/chain"
)

// Metrics of the ibc role.
type Metrics struct {
	open       *prometheus.GaugeVec
	unacked    *prometheus.GaugeVec
	oldest     *clock
	expiry     *clock
	packets    *prometheus.CounterVec
	duplicates *prometheus.CounterVec
	failedTxs  *prometheus.CounterVec
	failures   *prometheus.CounterVec
	hidden     *prometheus.CounterVec
	waiting    prometheus.Gauge
}

// NewMetrics registers the role's metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_relayer_" + name, Help: help}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "top_relayer_" + name, Help: help}, labels)
	}
	m := &Metrics{
		open:       gauge("backlog_packets", "Packets sent and not yet received.", "source", "destination"),
		unacked:    gauge("unacknowledged_packets", "Packets received whose acknowledgement has not come back.", "source", "destination"),
		oldest:     newClock("oldest_packet_age_seconds", "Age of the oldest packet that is not received; 0 when there is none.", since, "source", "destination"),
		expiry:     newClock("client_expiry_seconds", "Time until the light client expires without an update; below 0 it has.", until, "chain", "client"),
		packets:    counter("packets_total", "Packet messages in blocks.", "chain", "step"),
		duplicates: counter("redundant_packets_total", "Packet messages that another relayer had brought before.", "chain", "step"),
		failedTxs:  counter("failed_transactions_total", "Transactions that a chain refused or that failed in a block; code \"none\": no chain answered.", "chain", "codespace", "code"),
		failures:   counter("failed_rounds_total", "Rounds in which a step failed.", "source", "destination"),
		hidden:     counter("hidden_packets_total", "Packets that a node kept to itself though the chain's state proves them; the node lost its turn.", "chain"),
		waiting:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "top_relayer_waiting", Help: "1 while nothing is relayed because a chain has not answered since the start."}),
	}
	for _, c := range []prometheus.Collector{m.open, m.unacked, m.oldest, m.expiry, m.packets, m.duplicates, m.failedTxs, m.failures, m.hidden, m.waiting} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) backlog(p *Path, open, unacked int) {
	m.open.WithLabelValues(p.Source.ChainID(), p.Destination.ChainID()).Set(float64(open))
	m.unacked.WithLabelValues(p.Source.ChainID(), p.Destination.ChainID()).Set(float64(unacked))
}

// waitingSince is when the oldest packet was sent; the zero time when none waits.
func (m *Metrics) waitingSince(p *Path, at time.Time) {
	m.oldest.set(at, p.Source.ChainID(), p.Destination.ChainID())
}

func (m *Metrics) relayed(chain, step string, n int) {
	m.packets.WithLabelValues(chain, step).Add(float64(n))
}

func (m *Metrics) redundant(chain, step string, n int) {
	m.duplicates.WithLabelValues(chain, step).Add(float64(n))
}

func (m *Metrics) expires(p *Path, at time.Time) {
	m.expiry.set(at, p.Destination.ChainID(), p.DestinationClient)
}

func (m *Metrics) txFailed(chainID string, err error) {
	codespace, code := "none", "none"
	var failed *chain.TxError
	if errors.As(err, &failed) {
		codespace, code = failed.Codespace, strconv.FormatUint(uint64(failed.Code), 10)
	}
	m.failedTxs.WithLabelValues(chainID, codespace, code).Inc()
}

func (m *Metrics) failed(p *Path) {
	m.failures.WithLabelValues(p.Source.ChainID(), p.Destination.ChainID()).Inc()
}

// clock shows times as seconds from or to the moment of the scrape: they stay true when the relayer hangs, which is when somebody looks.
type clock struct {
	desc *prometheus.Desc
	show func(at, now time.Time) float64

	mu sync.Mutex
	at map[[2]string]time.Time
}

func newClock(name, help string, show func(at, now time.Time) float64, first, second string) *clock {
	return &clock{desc: prometheus.NewDesc("top_relayer_"+name, help, []string{first, second}, nil), show: show, at: map[[2]string]time.Time{}}
}

func since(at, now time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, now.Sub(at).Seconds())
}

func until(at, now time.Time) float64 { return at.Sub(now).Seconds() }

func (c *clock) set(at time.Time, first, second string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[[2]string{first, second}] = at
}

// Describe is Prometheus' interface.
func (c *clock) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect is Prometheus' interface.
func (c *clock) Collect(out chan<- prometheus.Metric) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for labels, at := range c.at {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, c.show(at, now), labels[0], labels[1])
	}
}
