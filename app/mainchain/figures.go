package mainchain

import (
	"context"

	"github.com/topnetwork/top/node/metrics"
)

// What operators watch of the chain's state.
var (
	poolGauge     = metrics.Gauge{Name: "top_billing_pool_utop", Help: "Credit behind a service chain that it has not settled.", Labels: []string{"service_chain"}}
	unpaidGauge   = metrics.Gauge{Name: "top_billing_unpaid_utop", Help: "Settled by a service chain and not yet paid to providers.", Labels: []string{"service_chain"}}
	disputesGauge = metrics.Gauge{Name: "top_billing_open_disputes", Help: "Disputes whose vouchers are awaited."}
)

// Gauges that Figures gives samples of.
func (a *App) Gauges() []metrics.Gauge { return []metrics.Gauge{poolGauge, unpaidGauge, disputesGauge} }

// Figures of a state.
func (a *App) Figures(ctx context.Context) ([]metrics.Sample, error) {
	pools, disputes, err := a.Billing.Figures(ctx)
	if err != nil {
		return nil, err
	}
	samples := []metrics.Sample{{Gauge: disputesGauge, Value: disputes}}
	for _, p := range pools {
		chain := []string{p.ChainID}
		samples = append(samples, metrics.Sample{Gauge: poolGauge, Labels: chain, Value: p.Pool}, metrics.Sample{Gauge: unpaidGauge, Labels: chain, Value: p.Unpaid})
	}
	return samples, nil
}
