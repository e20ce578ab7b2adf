//go:build process

package restart

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/valve"
)

// killedAtEveryStep of the settlement of a shard that is restarted: before, and after, the router hands over what a ledger has taken, and a batch that is debited again. In the end there is a router that nobody kills.
func (n *network) killedAtEveryStep() {
	t := n.t
	t.Helper()
	v := valve.New(func() error { return n.Kill(localnet.RouterName) })
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	var lines strings.Builder
	for _, node := range n.Main.Nodes {
		host, err := node.Directory()
		require.NoError(t, err)
		behind, err := v.Directory(host)
		require.NoError(t, err)
		fmt.Fprintf(&lines, "host %s\n", behind)
	}
	hosts := filepath.Join(n.Dir, localnet.RouterName, "shards.txt")
	was, err := os.ReadFile(hosts)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(hosts, []byte(lines.String()), 0o600))
	for _, kind := range []string{"Owed", "Redebit"} {
		for _, after := range []bool{false, true} {
			v.Trap(kind, after)
			_, err := n.Restart(localnet.RouterName)
			require.NoError(t, err)
			select {
			case err := <-v.Fired:
				require.NoError(t, err)
			case <-time.After(waitTimeout):
				require.Fail(t, "the router hands over no "+kind, "seen %v", v.Seen())
			}
			<-n.Process(localnet.RouterName).Done()
			n.logf("the router is killed at %s, after it: %t", kind, after)
		}
	}
	require.NoError(t, os.WriteFile(hosts, was, 0o600))
	_, err = n.Restart(localnet.RouterName)
	require.NoError(t, err)
}
