//go:build process

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/health"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
)

// A node whose process is well but whose chain stands still says so: of two validators one is paused, and the other answers 503 with the reason, until the
// paused one goes on.
func TestHealthFollowsTheHeight(t *testing.T) {
	build, err := filepath.Abs("../../build")
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "chain")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	daemon := filepath.Join(build, "topserviced")
	out, err := process.Run(ctx, process.Spec{
		Name: "init-files", Path: daemon, Log: filepath.Join(t.TempDir(), "init.log"),
		Args: []string{"testnet", "init-files", "--validators", "2", "--output-dir", dir, "--timeout-commit", "300ms"},
	})
	require.NoError(t, err)
	var made struct {
		Nodes []struct {
			Home string `json:"home"`
			REST string `json:"rest"`
		} `json:"nodes"`
	}
	require.NoError(t, json.Unmarshal(out, &made))
	var nodes []*process.Process
	for i, n := range made.Nodes {
		limitBlockAge(t, n.Home, "3s")
		p, err := process.Start(process.Spec{
			Name: fmt.Sprintf("node%d", i), Path: daemon, Args: []string{"start", "--home", n.Home}, Log: filepath.Join(n.Home, "node.log"),
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = p.Stop(10 * time.Second) })
		nodes = append(nodes, p)
	}
	url := made.Nodes[0].REST + "/health"
	await := func(what string, code int, check func(health.Report) bool) health.Report {
		var r health.Report
		require.NoError(t, process.Await(ctx, what, func(ctx context.Context) error {
			have, report, err := askHealth(ctx, url)
			if r = report; err == nil && (have != code || !check(report)) {
				err = fmt.Errorf("HTTP %d: %+v", have, report)
			}
			return err
		}, nodes[0]))
		return r
	}
	before := await("a healthy node", http.StatusOK, func(r health.Report) bool { return r.Height >= 2 && r.Peers == 1 })
	require.True(t, before.Healthy)
	require.EqualValues(t, 3000, before.MaxBlockAge)

	require.NoError(t, fault.Pause(nodes[1]))
	stalled := await("the chain to stand still", http.StatusServiceUnavailable, func(r health.Report) bool { return true })
	require.Contains(t, stalled.Reason, "no block for")
	require.GreaterOrEqual(t, stalled.BlockAge, stalled.MaxBlockAge)
	require.True(t, nodes[0].Running())

	require.NoError(t, fault.Resume(nodes[1]))
	await("the chain to go on", http.StatusOK, func(r health.Report) bool { return r.Height > stalled.Height })
}

// limitBlockAge writes health.max-block-age into a home's app.toml.
func limitBlockAge(t *testing.T, home, age string) {
	t.Helper()
	path := filepath.Join(home, "config", "app.toml")
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(bz), `max-block-age = "30s"`)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(bz), `max-block-age = "30s"`, fmt.Sprintf("max-block-age = %q", age), 1)), 0o600))
}

func askHealth(ctx context.Context, url string) (int, health.Report, error) {
	var r health.Report
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, r, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, r, err
	}
	defer res.Body.Close()
	return res.StatusCode, r, json.NewDecoder(res.Body).Decode(&r)
}
