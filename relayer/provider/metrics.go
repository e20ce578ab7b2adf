package provider

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/relayer/metering"
)

type metrics struct {
	claimErrors, proven, lost, answered, disputeErrors prometheus.Counter
	openDisputes, halted, unheard                      prometheus.Gauge
}

func newMetrics(r prometheus.Registerer, sessions *metering.Sessions) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "top", Subsystem: "provider", Name: name, Help: help})
	}
	gauge := func(name, help string, value func(metering.Figures) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "top", Subsystem: "provider", Name: name, Help: help},
			func() float64 { return value(sessions.Figures()) })
	}
	m := &metrics{
		claimErrors:   counter("claim_errors_total", "Failures of claims, each counted once until it is over; they are tried again."),
		proven:        counter("proven_utop_total", "Earned by proven claims."),
		lost:          counter("lost_utop_total", "Vouchered and for good not earned: too late, forfeited or not covered."),
		answered:      counter("disputes_answered_total", "Disputes that were answered in full."),
		disputeErrors: counter("dispute_errors_total", "Failures of answers to disputes, each counted once until it is over; they are tried again."),
		openDisputes: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "top", Subsystem: "provider", Name: "open_disputes", Help: "Disputes of this provider's debits that wait for an answer.",
		}),
		unheard: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "top", Subsystem: "provider", Name: "main_chain_unheard", Help: "1 while the provider serves on what the main chain said last, within its exposure.",
		}),
		halted: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "top", Subsystem: "provider", Name: "halted", Help: "1 while no sessions are taken; status file and log say why.",
		}),
	}
	return m, errors.Join(
		r.Register(m.halted), r.Register(m.unheard), r.Register(m.answered), r.Register(m.disputeErrors), r.Register(m.openDisputes),
		r.Register(m.claimErrors), r.Register(m.proven), r.Register(m.lost),
		r.Register(gauge("sessions", "Sessions that are not claimed.", func(f metering.Figures) float64 { return float64(f.Sessions) })),
		r.Register(gauge("owed_utop", "Used and not claimed.", func(f metering.Figures) float64 { return float64(f.Owed) })),
		r.Register(gauge("epoch", "Epoch of the service chain.", func(metering.Figures) float64 { return float64(sessions.Epoch()) })),
	)
}
