//go:build process

// Package router tests shards that exchange coins as processes, with routers between them that are killed, members that are cut off from each other, and carriers that lie.
package router

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
)

// waitTimeout of one wait; a loaded machine with two cores needs a fraction of it.
const waitTimeout = 2 * time.Minute

// network of shards, which have all accounts among them.
type network struct {
	dir    string
	shards []*shard
	// machines of all members, those of the first shard first; nil where this program may make none.
	machines *fault.Switch
	// sent transfers to other shards, by hash, and their total in utop.
	sent  map[lattice.Hash]bool
	total uint64
}

// plan of a shard: the bits that its accounts begin with, and how many members it has.
type plan struct {
	bits    string
	members int
	// late members of them are not started with the others; env is what all are started with.
	late int
	env  []string
}

func (p plan) name() string { return fmt.Sprintf("top-z%c.s%s-1", p.bits[0], p.bits) }

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "build", name))
	require.NoError(t, err)
	return path
}

// found a network with so many users in each shard, and start its members, each in a network namespace of its own where this program may make such.
func found(t *testing.T, users int, plans ...plan) *network {
	t.Helper()
	n := &network{dir: t.TempDir(), sent: map[lattice.Hash]bool{}}
	var table strings.Builder
	for _, p := range plans {
		fmt.Fprintf(&table, "%s %s\n", p.bits, p.name())
	}
	routes := filepath.Join(n.dir, "routes")
	require.NoError(t, os.WriteFile(routes, []byte(table.String()), 0o600))
	daemon := program(t, "topchaind")
	introduce := []string{"shard", "introduce"}
	members := 0
	for _, p := range plans {
		members += p.members
	}
	port, err := localnet.FreeBlock(members * home.PortsPerNode)
	require.NoError(t, err)
	var machines []fault.Port
	if reason := fault.NoSwitch(); reason != "" {
		t.Logf("all members share this machine's loopback: %s", reason)
	} else {
		n.machines, err = fault.NewSwitch(members)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, n.machines.Close()) })
		machines = n.machines.Ports
	}
	for _, p := range plans {
		s := &shard{name: p.name(), dir: filepath.Join(n.dir, p.name()), users: newUsers(t, p.bits, users)}
		args := []string{"shard", "init", "--output-dir", s.dir, "--prefix", p.bits, "--routes", routes, "--members", fmt.Sprint(p.members), "--base-port", fmt.Sprint(port)}
		port += p.members * home.PortsPerNode
		for _, u := range s.users {
			args = append(args, "--account", fmt.Sprintf("%s=%dutop", sendtx.Bech32(u.address), uint64(funds)))
		}
		out, err := exec.Command(daemon, args...).Output()
		require.NoError(t, err)
		var summary struct{ Nodes []*member }
		require.NoError(t, json.Unmarshal(out, &summary))
		s.members = summary.Nodes
		if n.machines != nil {
			require.NoError(t, onMachines(s.members, machines))
			machines = machines[len(s.members):]
		}
		n.shards, introduce = append(n.shards, s), append(introduce, s.dir)
	}
	out, err := exec.Command(daemon, introduce...).CombinedOutput()
	require.NoError(t, err, string(out))
	for i, p := range plans {
		n.start(t, n.shards[i], p)
	}
	n.await(t, "the shards' first blocks", func(ctx context.Context) error {
		for _, s := range n.shards {
			if height, err := s.height(ctx); err != nil || height < 2 {
				return fmt.Errorf("%s: %d %w", s.name, height, err)
			}
		}
		return nil
	})
	return n
}

// start a shard's members but for the late ones.
func (n *network) start(t *testing.T, s *shard, p plan) {
	t.Helper()
	on := len(s.members) - p.late
	for i, m := range s.members[:on] {
		n.launch(t, m, m.spec(t, fmt.Sprintf("%s.%d", s.name, i), p.env...))
	}
	s.members, s.late = s.members[:on:on], s.members[on:]
}

// launch a member's process.
func (n *network) launch(t *testing.T, m *member, spec process.Spec) {
	t.Helper()
	var err error
	spec.Log = filepath.Join(n.dir, spec.Name+".log")
	m.process, err = process.Start(spec)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.process.Stop(waitTimeout) })
	m.conn, err = grpc.NewClient(m.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.conn.Close() })
}

func (n *network) await(t *testing.T, what string, until func(context.Context) error, needs ...*process.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	for _, s := range n.shards {
		for _, m := range s.members {
			needs = append(needs, m.process)
		}
	}
	require.NoError(t, process.Await(ctx, what, until, needs...))
}

// router is a relayer with the router role.
type router struct {
	home, log string
	process   *process.Process
}

// router between all shards; of one with members here it asks these alone.
func (n *network) router(t *testing.T, name string, only ...*member) *router {
	t.Helper()
	r := &router{home: filepath.Join(n.dir, name), log: filepath.Join(n.dir, name+".log")}
	require.NoError(t, os.Mkdir(r.home, 0o700))
	var nodes strings.Builder
	for _, s := range n.shards {
		asked := s.members
		if some := slices.DeleteFunc(slices.Clone(asked), func(m *member) bool { return !slices.Contains(only, m) }); len(some) > 0 {
			asked = some
		}
		for _, m := range asked {
			fmt.Fprintf(&nodes, "%s %s %s\n", s.name, m.RPC, m.GRPC)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.home, "shards.txt"), []byte(nodes.String()), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.home, "config.yaml"), []byte(`router:
  nodes: shards.txt
  poll: 1s
  confirm: 1s
  confirm_batches: 50
  anchor: 10s
metrics: ""
status_file: status.json
log: {level: info, format: text}
`), 0o600))
	return r
}

func (r *router) start(t *testing.T) {
	t.Helper()
	p, err := process.Start(process.Spec{Name: filepath.Base(r.home), Path: program(t, "relayer"), Args: []string{"start", "--home", r.home}, Log: r.log})
	require.NoError(t, err)
	r.process = p
	t.Cleanup(func() { _ = p.Stop(waitTimeout) })
}
