package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCollectAt(t *testing.T) {
	require.Equal(t, mostPercent, collectAt(0))
	require.Equal(t, mostPercent, collectAt(1<<20))
	require.Equal(t, 100, collectAt(headroom))
	require.Equal(t, 50, collectAt(2*headroom))
	require.Equal(t, leastPercent, collectAt(1<<40))
}
