package servicechain

import (
	"context"

	"github.com/topnetwork/top/node/metrics"
)

// What operators watch of the chain's state.
var (
	claimsGauge      = metrics.Gauge{Name: "top_usage_open_claims", Help: "Claims that are not settled, by what they wait for.", Labels: []string{"waits_for"}}
	settlementsGauge = metrics.Gauge{Name: "top_usage_waiting_settlements", Help: "Settlement packets that the main chain has not acknowledged."}
)

// Gauges that Figures gives samples of.
func (a *App) Gauges() []metrics.Gauge { return []metrics.Gauge{claimsGauge, settlementsGauge} }

// Figures of a state.
func (a *App) Figures(ctx context.Context) ([]metrics.Sample, error) {
	f, err := a.Usage.Figures(ctx)
	if err != nil {
		return nil, err
	}
	return []metrics.Sample{
		{Gauge: claimsGauge, Labels: []string{"challenge"}, Value: f.Claimed},
		{Gauge: claimsGauge, Labels: []string{"proof"}, Value: f.Challenged},
		{Gauge: claimsGauge, Labels: []string{"settlement"}, Value: f.Proven},
		{Gauge: settlementsGauge, Value: f.WaitingSettlements},
	}, nil
}
