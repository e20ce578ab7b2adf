//go:build process

package gate

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/valve"
)

// steps of a router that change something: what it carries to shards, and what it brings to the main chain.
var steps = []string{"MainHeader", "Fact", "Delivery", "Confirmation", "MsgAnchor", "MsgDeliver", "MsgConfirm"}

const (
	// goesOn within so long after its router was killed everything does that was on its way.
	goesOn = 90 * time.Second
	// payment from one shard to another.
	payment = 500_000
)

// killedAtEveryStep: the router is killed before, and after, each kind of transaction that it hands over, while coins cross from the main chain to shards, back, and between shards. All arrive exactly once, and at any time the supply is what it was. It answers how often the user has sent each.
func (n *network) killedAtEveryStep(u *user) (times uint64) {
	t := n.t
	t.Helper()
	other := n.far[0]
	if other.shard == u.shard {
		other = n.far[1]
	}
	v := valve.New(func() error { return n.Kill(first) })
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	n.kill(first)
	n.valve(v)
	for _, kind := range steps {
		for _, after := range []bool{false, true} {
			v.Trap(kind, after)
			times++
			n.begin(first)
			n.exit(u, exited)
			n.deposit(u, deposited, "escrow")
			n.pay(u, other, payment)
			select {
			case err := <-v.Fired:
				require.NoError(t, err)
			case <-time.After(waitTimeout):
				require.Fail(t, "the router hands over no "+kind, "seen %v", v.Seen())
			}
			<-n.Process(first).Done()
			t.Logf("killed at %s, after it: %t", kind, after)
			n.supply()
		}
	}
	at := time.Now()
	n.begin(first)
	for what, holds := range map[string]func(context.Context) error{
		"the escrow":               has("the escrow", times*deposited, n.escrow(u)),
		"the account on its shard": has("the account on its shard", funds+times*(exited-deposited-payment), func(ctx context.Context) (uint64, error) { return n.onShard(ctx, u) }),
		"the account on the other": has("the account on the other shard", funds+times*payment, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, other) }),
	} {
		n.await(what, holds)
	}
	n.settled()
	t.Logf("all has arrived %.1fs after the router was begun, killed %d times: %v", time.Since(at).Seconds(), times, v.Seen())
	require.Less(t, time.Since(at), goesOn)
	for _, s := range n.Shards {
		require.NoError(t, n.SameState(t.Context(), s.ID))
	}
	return times
}

// valve the ways of the router to all nodes.
func (n *network) valve(v *valve.Valves) {
	t := n.t
	t.Helper()
	open := func(node localnet.Node) string {
		address, err := v.Open(node.GRPC)
		require.NoError(t, err)
		return address
	}
	home := filepath.Join(n.Dir, first)
	config, err := os.ReadFile(filepath.Join(home, "config.yaml"))
	require.NoError(t, err)
	before := string(config)
	text := regexp.MustCompile(`grpc: \[[^\]]*\]`).ReplaceAllString(before, `grpc: ["`+open(n.Main.Nodes[0])+`"]`)
	require.NotEqual(t, before, text)
	var lines strings.Builder
	for _, s := range n.Shards {
		lines.WriteString(s.ID + " " + s.Nodes[0].RPC + " " + open(s.Nodes[0]) + "\n")
	}
	for name, text := range map[string]string{"config.yaml": text, "shards.txt": lines.String()} {
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(text), 0o600))
	}
}
