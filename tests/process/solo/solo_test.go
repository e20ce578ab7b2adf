//go:build process

// Package solo tests the life of one validator that decides alone: it halts where its operator wants it, goes on, and takes a block back.
package solo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
)

const waitTimeout = 2 * time.Minute

// validator is a chain of one.
type validator struct {
	program, home, rpc string
	log                string
}

func found(t *testing.T, program string) validator {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("..", "..", "..", "build", program))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "net")
	out, err := exec.Command(program, "testnet", "init-files", "--validators", "1", "--timeout-commit", "200ms", "--output-dir", dir).Output()
	require.NoError(t, err)
	var net struct {
		Nodes []struct{ Home, RPC string } `json:"nodes"`
	}
	require.NoError(t, json.Unmarshal(out, &net))
	return validator{program, net.Nodes[0].Home, net.Nodes[0].RPC, filepath.Join(dir, "node.log")}
}

func (v validator) start(t *testing.T, args ...string) *process.Process {
	t.Helper()
	p, err := process.Start(process.Spec{Name: "validator", Path: v.program, Args: append([]string{"start", "--home", v.home}, args...), Log: v.log})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Stop(waitTimeout) })
	return p
}

// height of the last block.
func (v validator) height(ctx context.Context) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.rpc+"/status", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var answer struct {
		Result struct {
			Info struct {
				Height string `json:"latest_block_height"`
			} `json:"sync_info"`
		} `json:"result"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return 0, err
	}
	return strconv.ParseInt(answer.Result.Info.Height, 10, 64)
}

func (v validator) await(t *testing.T, p *process.Process, height int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, fmt.Sprintf("height %d", height), func(ctx context.Context) error {
		h, err := v.height(ctx)
		if err == nil && h < height {
			err = fmt.Errorf("height is %d", h)
		}
		return err
	}, p))
}

func (v validator) run(args ...string) (string, error) {
	out, err := exec.Command(v.program, append(args, "--home", v.home)...).CombinedOutput()
	return string(out), err
}

func TestHaltHeightAndRollback(t *testing.T) {
	for _, program := range []string{"topchaind", "topserviced"} {
		t.Run(program, func(t *testing.T) {
			v := found(t, program)
			for range 2 {
				// The second time the height is still reached: it says so, and does not fail.
				halted := v.start(t, "--halt-height", "4")
				require.NoError(t, halted.Err(), "a halt that the operator wants is no failure")
			}
			log, err := os.ReadFile(v.log)
			require.NoError(t, err)
			require.Contains(t, string(log), "halt-height is 4: the last block executed is 3")
			require.NotContains(t, string(log), "CONSENSUS FAILURE")

			p := v.start(t)
			v.await(t, p, 6)
			require.NoError(t, p.Stop(waitTimeout))

			out, err := v.run("rollback", "--hard")
			require.Error(t, err)
			require.Contains(t, out, "use rollback without --hard")
			out, err = v.run("rollback")
			require.NoError(t, err, out)
			require.Regexp(t, `^Rolled back state to height \d+ and hash [0-9A-F]+\s*$`, out, "the answer alone")
			p = v.start(t)
			v.await(t, p, 8)
			require.NoError(t, p.Stop(waitTimeout))
		})
	}
}
