//go:build process

package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
)

const (
	// nextName of the upgrade of `make build-next`, which closes payments as a release's does; its plan names the edge.
	nextName, edgeURL = "v2", "https://edge.example:8443"
	// closesIn is how many blocks after its proposal the upgrade is due: more than voting takes.
	closesIn = 60
	// goesOnUpgraded within so long after the hosts were begun with the next release all arrives that was under way.
	goesOnUpgraded = 90 * time.Second
)

// paymentsClose by an upgrade that governance decides, while coins cross: hosts stop at its height, shards with them, and go on with the next release. What was under way arrives once; users pay each other on shards alone from then on. Users have made exits of so many utop before, and deposits that stayed.
func (n *network) paymentsClose(exits, deposits uint64) {
	t := n.t
	t.Helper()
	next := filepath.Join(filepath.Dir(n.Dir), "next", "topchaind")
	require.FileExists(t, next, "build it with `make build-next`")
	from, to, pays := n.users[6], n.users[7], n.users[4]
	pay := func() error {
		_, err := n.main.Send(t.Context(), from.key, &banktypes.MsgSend{FromAddress: from.Address, ToAddress: to.Address, Amount: sdk.NewCoins(sdk.NewInt64Coin(localnet.Denom, payment))})
		return err
	}
	require.NoError(t, pay(), "payments are open")

	due := n.schedule()
	// Coins cross until the chain stands still.
	was := map[*user]uint64{}
	for _, u := range []*user{pays, from} {
		var err error
		was[u], err = n.onShard(t.Context(), u)
		require.NoError(t, err)
	}
	crossed := uint64(0)
	for running := true; running; {
		height, err := n.main.Height(t.Context())
		require.NoError(t, err)
		if running = height < due-6; running {
			n.exit(from, payment)
			n.deposit(pays, payment, "")
			crossed++
		}
	}
	for _, node := range n.Main.Nodes {
		n.halted(node, due)
	}
	t.Logf("all hosts stand before height %d; %d exits and deposits were made meanwhile", due, crossed)
	at := time.Now()
	for _, node := range n.Main.Nodes {
		_, err := n.RestartWith(node.Name, next)
		require.NoError(t, err)
	}
	n.await("the upgrade", func(ctx context.Context) error {
		height, err := n.main.Height(ctx)
		if err == nil && height < due+2 {
			err = fmt.Errorf("height is %d", height)
		}
		return err
	})

	// Hosts that had left a shard run it no more.
	n.await("the shards", func(ctx context.Context) error {
		following := map[*localnet.Chain][]localnet.Node{}
		for _, s := range n.Shards {
			nodes, err := n.Following(ctx, s.ID, 2)
			if err != nil {
				return err
			}
			following[s] = nodes
		}
		for s, nodes := range following {
			s.Nodes = nodes
		}
		return nil
	})
	n.dial()
	var lines strings.Builder
	for _, s := range n.Shards {
		lines.WriteString(s.ID + " " + s.Nodes[0].RPC + " " + s.Nodes[0].GRPC + "\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(n.Dir, first, "shards.txt"), []byte(lines.String()), 0o600))

	// What users have on shards they pay with there; here it is refused, and said where to go.
	require.ErrorContains(t, pay(), edgeURL)
	res, err := gatetypes.NewQueryClient(n.main.Conn()).Params(t.Context(), &gatetypes.QueryParamsRequest{})
	require.NoError(t, err)
	require.True(t, res.Params.PaymentsClosed)
	require.Equal(t, edgeURL, res.Params.Edge)
	// Exits and deposits work on.
	n.exit(from, payment)
	n.deposit(pays, payment, "")
	crossed++
	n.await("the exits on the shard", has("who left", was[from]+crossed*payment, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, from) }))
	n.await("the deposits of the shard", has("who paid", was[pays]-crossed*payment, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, pays) }))
	n.settled()
	t.Logf("all has arrived %.1fs after the hosts were begun anew", time.Since(at).Seconds())
	require.Less(t, time.Since(at), goesOnUpgraded)
	n.exact(exits+crossed*payment, deposits+crossed*payment)
	for _, s := range n.Shards {
		require.NoError(t, n.SameState(t.Context(), s.ID))
	}
}

// schedule the upgrade, and answer its height.
func (n *network) schedule() int64 {
	t := n.t
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: n.Main.Nodes[0].GRPC, ChainID: n.Main.ID, Register: func(r codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(r)
		upgradetypes.RegisterInterfaces(r)
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	voters, err := n.Voters()
	require.NoError(t, err)
	now, err := client.Height(t.Context())
	require.NoError(t, err)
	plan := upgradetypes.Plan{Name: nextName, Height: now + closesIn, Info: `{"edge":"` + edgeURL + `"}`}
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, localnet.Decide(ctx, client, voters, &upgradetypes.MsgSoftwareUpgrade{Authority: authtypes.NewModuleAddress("gov").String(), Plan: plan}))
	return plan.Height
}

// halted waits until a host has ended by itself, for the upgrade.
func (n *network) halted(node localnet.Node, due int64) {
	t := n.t
	t.Helper()
	p := n.Process(node.Name)
	select {
	case <-p.Done():
	case <-time.After(waitTimeout):
		require.Fail(t, "still runs", "%s\n%s", node.Name, p.LogTail(15))
	}
	require.Error(t, p.Err())
	require.Contains(t, p.LogTail(40), fmt.Sprintf("upgrade %q is due at height %d", nextName, due))
}

// exact: nothing is under way, so much has left the main chain ever and so much come back, and the gate's books say the same.
func (n *network) exact(exits, deposits uint64) {
	t := n.t
	t.Helper()
	sum := n.supply()
	require.Equal(t, "0", sum.Sums[0].InFlight)
	require.Equal(t, fmt.Sprint(exits-deposits), sum.Sums[0].Exited)
	held, ok := math.NewIntFromString(sum.Sums[0].Held)
	require.True(t, ok, sum.Sums[0].Held)
	burned, ok := math.NewIntFromString(sum.Sums[0].Burned)
	require.True(t, ok, sum.Sums[0].Burned)
	require.Equal(t, sum.Main.Gate, held.Add(burned).String(), "the gate has what is on shards, and nothing else")
	res, err := gatetypes.NewQueryClient(n.main.Conn()).Invariants(t.Context(), &gatetypes.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.True(t, res.Ok, res.Broken)
}
