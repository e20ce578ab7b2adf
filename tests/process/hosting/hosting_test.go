//go:build process

package hosting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/hosting"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
)

const shard, other = "top-z0.s0-1", "top-z1.s1-1"

// Every shard has three members and an auditor, each a process of its own that has all blocks, and members alone sign.
func TestShardsRun(t *testing.T) {
	for _, name := range []string{shard, other} {
		sameState(t, name)
		chain := net.Shard(name)
		require.Len(t, chain.Nodes, 4)
		status, err := chain.Nodes[0].Status(t.Context())
		require.NoError(t, err)
		header, err := chain.Nodes[0].Header(t.Context(), status.Height-1)
		require.NoError(t, err)
		require.LessOrEqual(t, len(header.Signers), 3)
		auditor, _ := hostOf(t, name, "auditor")
		main, err := auditor.Status(t.Context())
		require.NoError(t, err)
		require.NotContains(t, header.Signers, main.Validator, "an auditor's key does not vote in what it audits")
	}
	record, err := localnet.ReadRecord(net.Dir)
	require.NoError(t, err)
	shards := 0
	for _, c := range record.Chains {
		if c.Kind == "shard" {
			shards++
			require.Len(t, c.RPC, 4)
		}
	}
	require.Equal(t, 2, shards)
	// The key is in one place, what it signed in a place for each chain.
	host, _ := hostOf(t, shard, "member")
	_, err = os.Stat(filepath.Join(host.Home, "shards", shard, "config", "priv_validator_key.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, name := range []string{shard, other} {
		require.FileExists(t, filepath.Join(host.Home, "shards", "votes", name+".json"))
	}
}

// A child that is killed comes back with the state that the others have.
func TestKilledChildComesBack(t *testing.T) {
	host, e := hostOf(t, shard, "member")
	require.NoError(t, syscall.Kill(e.PID, syscall.SIGKILL))
	back := hosted(t, host, shard, "another process", func(now directory.Entry) bool {
		return now.PID != 0 && now.PID != e.PID && now.State == string(hosting.Running) && now.Height > e.Height
	})
	require.Greater(t, back.Starts, e.Starts)
	sameState(t, shard)
	supplied(t)
}

// A host that is killed takes its children with it, and comes back with all of them.
func TestKilledHostComesBack(t *testing.T) {
	host, _ := hostOf(t, shard, "member")
	before, err := host.Hosted(t.Context())
	require.NoError(t, err)
	require.NoError(t, net.Kill(host.Name))
	for _, e := range before {
		await(t, fmt.Sprintf("the end of process %d", e.PID), func(context.Context) error {
			if process.CommandLine(e.PID) != nil {
				return fmt.Errorf("it runs")
			}
			return nil
		})
	}
	_, err = net.Restart(host.Name)
	require.NoError(t, err)
	for name, e := range before {
		hosted(t, host, name, "back", func(now directory.Entry) bool { return now.State == string(hosting.Running) && now.Height > e.Height })
		sameState(t, name)
	}
	supplied(t)
}

// A host that is stopped in order stops its children, too.
func TestStoppedHostStopsItsChildren(t *testing.T) {
	host, _ := hostOf(t, other, "member")
	before, err := host.Hosted(t.Context())
	require.NoError(t, err)
	require.NoError(t, net.Process(host.Name).Stop(40*time.Second))
	for name, e := range before {
		if e.PID != 0 {
			require.Nil(t, process.CommandLine(e.PID), name)
		}
	}
	_, err = net.Restart(host.Name)
	require.NoError(t, err)
	hosted(t, host, other, "back", func(now directory.Entry) bool {
		return now.State == string(hosting.Running) && now.Height > before[other].Height
	})
	sameState(t, other)
}
