//go:build process

package hosting

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/hosting"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// A child that cannot start, for its memory of votes is torn, is told of; the main node and the other children go on, and so do wallets: its shard waits while too few vote. Repaired, it comes back by itself, and all payments arrive once.
func TestChildThatCannotStart(t *testing.T) {
	// The half of the first wallet.
	shard := halves[0]
	address, err := sendtx.Address(wallets[0].Address)
	require.NoError(t, err)
	if !(lattice.Prefix{Bits: 0, Len: 2}).Holds(lattice.BucketOf(address)) {
		shard = halves[1]
	}
	host, e := hostOf(t, shard, "member")
	paid := begin(t)
	memory := filepath.Join(host.Home, "shards", "votes", shard+".json")
	whole, err := os.ReadFile(memory)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(memory, whole[:len(whole)/2], 0o600))
	require.NoError(t, syscall.Kill(e.PID, syscall.SIGKILL))
	// The process may have written the file between the two.
	broken := hosted(t, host, shard, "why it does not start", func(now directory.Entry) bool {
		if now.State == string(hosting.Running) {
			require.NoError(t, os.WriteFile(memory, whole[:len(whole)/2], 0o600))
			_ = syscall.Kill(now.PID, syscall.SIGKILL)
		}
		return now.State == string(hosting.Waiting) && strings.Contains(now.Error, "damaged")
	})
	require.Contains(t, broken.Error, memory, "the error names the file")
	require.Zero(t, broken.PID)

	// Two of three are not enough for the shard to go on; the other shard does not notice.
	list, err := host.Hosted(t.Context())
	require.NoError(t, err)
	hosted(t, host, other, "goes on", func(now directory.Entry) bool {
		return now.State == string(hosting.Running) && now.Height > list[other].Height+3
	})
	status, err := host.Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, net.AwaitHeight(t.Context(), host, status.Height+2))

	// Repaired as the error says: with the height of the last block.
	var last int64
	for _, node := range net.Main.Nodes {
		all, err := node.Hosted(t.Context())
		require.NoError(t, err)
		last = max(last, all[shard].Height)
	}
	repaired, err := json.Marshal(map[string]any{"height": fmt.Sprint(last), "round": 0, "step": 3})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(memory, repaired, 0o600))
	hosted(t, host, shard, "repaired", func(now directory.Entry) bool { return now.State == string(hosting.Running) && now.Height > last+2 })
	paid.goOn(t, 10)
	paid.end(t)
	for _, name := range []string{halves[0], halves[1], other} {
		sameState(t, name)
	}
}
