package metrics_test

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/metrics"
)

func TestGaugesAreReadWhenAsked(t *testing.T) {
	gauge := metrics.Gauge{Name: "top_test", Help: "A test.", Labels: []string{"chain"}}
	value, failed := uint64(3), error(nil)
	registry := prometheus.NewRegistry()
	require.NoError(t, metrics.Register(registry, []metrics.Gauge{gauge}, func() ([]metrics.Sample, error) {
		return []metrics.Sample{{Gauge: gauge, Labels: []string{"a"}, Value: value}}, failed
	}))
	for value = 3; value < 6; value++ {
		families, err := registry.Gather()
		require.NoError(t, err)
		require.Len(t, families, 1)
		require.EqualValues(t, value, families[0].Metric[0].Gauge.GetValue())
		require.Equal(t, "a", families[0].Metric[0].Label[0].GetValue())
	}
	failed = errors.New("disk full")
	_, err := registry.Gather()
	require.ErrorContains(t, err, "disk full")
}
