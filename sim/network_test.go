package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const measuredLines = "network/testdata/shard-2026-11-22.jsonl"

func TestNetworkArgumentsThatAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		"no such file":         {"network", "-bench", "network/testdata/none"},
		"too many arguments":   {"network", "more"},
		`unknown world "moon"`: {"network", "-bench", measuredLines, "-world", "moon"},
		`-rates "x"`:           {"network", "-bench", measuredLines, "-rates", "x"},
		"-sweep -1":            {"network", "-bench", measuredLines, "-sweep", "-1"},
		"committees of 0":      {"network", "-bench", measuredLines, "-members", "0"},
	} {
		var out, people bytes.Buffer
		require.ErrorContains(t, Run(args, &out, &people), want)
		require.Empty(t, out.String())
	}
}

// A small network by the command: the page is what people see and what is written, and the same seed gives the same of both.
func TestNetworkPageAndLines(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	args := []string{"network", "-bench", measuredLines, "-json", "-page", page, "-world", "region", "-members", "4", "-auditors", "4", "-rates", "10000", "-shards", "2", "-most", "4", "-sweep", "500", "-latencies=false"}
	var lines, pages []string
	for range 2 {
		var out, people bytes.Buffer
		require.NoError(t, Run(args, &out, &people))
		written, err := os.ReadFile(page)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(people.String(), string(written)))
		lines, pages = append(lines, out.String()), append(pages, string(written))
	}
	require.Equal(t, lines[0], lines[1])
	require.Equal(t, pages[0], pages[1])
	require.Contains(t, lines[0], `"name":"network.calibration.shard.4val.tps"`)
	require.Contains(t, lines[0], `"name":"network.2_shards.tps"`)
	require.Contains(t, pages[0], "**There are no lines net.tps_1, net.tps_2, net.tps_4**")
}
