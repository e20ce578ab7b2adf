package hosting

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/node/metrics"
)

var (
	up     = metrics.Gauge{Name: "top_hosted_shard_up", Help: "Whether the shard's node on this host runs and follows its shard.", Labels: []string{"shard", "role"}}
	height = metrics.Gauge{Name: "top_hosted_shard_height", Help: "Height of the shard's node on this host.", Labels: []string{"shard"}}
	starts = metrics.Gauge{Name: "top_hosted_shard_starts", Help: "Starts of the shard's node since the host began.", Labels: []string{"shard"}}
)

// Offer figures of the children to Prometheus, next to the main node's.
func (h *Host) Offer(r prometheus.Registerer) error {
	return metrics.Register(r, []metrics.Gauge{up, height, starts}, func() ([]metrics.Sample, error) { return samples(h.children.Status()), nil })
}

func samples(children []Status) (list []metrics.Sample) {
	for _, c := range children {
		runs := uint64(0)
		if c.State == Running {
			runs = 1
		}
		name := c.Duty.ChainID
		list = append(list,
			metrics.Sample{Gauge: up, Labels: []string{name, c.Duty.RoleName()}, Value: runs},
			metrics.Sample{Gauge: height, Labels: []string{name}, Value: uint64(max(0, c.Height))},
			metrics.Sample{Gauge: starts, Labels: []string{name}, Value: uint64(c.Starts)})
	}
	return list
}
