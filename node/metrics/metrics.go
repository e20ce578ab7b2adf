// Package metrics offers figures of a chain's state to Prometheus. They are read from the last committed state when somebody asks, not written by the
// state machine, which they therefore cannot disturb.
package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Gauge describes one kind of figure.
type Gauge struct {
	Name, Help string
	// Labels by which its samples differ.
	Labels []string
}

// Sample is one figure.
type Sample struct {
	Gauge Gauge
	// Labels are the values of the gauge's labels, in their order.
	Labels []string
	Value  uint64
}

// Register offers gauges whose samples read gives, next to the node's own metrics. An error of read shows in the scrape.
func Register(r prometheus.Registerer, gauges []Gauge, read func() ([]Sample, error)) error {
	c := &collector{descs: map[string]*prometheus.Desc{}, read: read}
	for _, g := range gauges {
		c.descs[g.Name] = prometheus.NewDesc(g.Name, g.Help, g.Labels, nil)
	}
	return r.Register(c)
}

type collector struct {
	descs map[string]*prometheus.Desc
	read  func() ([]Sample, error)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	samples, err := c.read()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), fmt.Errorf("figures of the state: %w", err))
		return
	}
	for _, s := range samples {
		m, err := prometheus.NewConstMetric(c.descs[s.Gauge.Name], prometheus.GaugeValue, float64(s.Value), s.Labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		}
		ch <- m
	}
}
