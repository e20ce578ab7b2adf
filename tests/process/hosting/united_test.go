//go:build process

package hosting

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/hosting"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// halves of the first shard, and what they become.
var halves = []string{"top-z0.s00-1", "top-z0.s01-1"}

const (
	united = "top-z0.s0-2"
	// pauseAtMost that payments make while two shards become one.
	pauseAtMost = 90 * time.Second
)

// A host of three shards is killed and comes back with all of them, each with the state that others have; what crossed meanwhile arrives once.
func TestHostOfThreeShardsComesBack(t *testing.T) {
	three := append([]string{other}, halves...)
	var host localnet.Node
	var before map[string]directory.Entry
	for _, node := range net.Main.Nodes {
		list, err := node.Hosted(t.Context())
		require.NoError(t, err)
		runs := 0
		for _, name := range three {
			if _, ok := list[name]; ok {
				runs++
			}
		}
		if runs == len(three) {
			host, before = node, list
		}
	}
	require.NotEmpty(t, before, "no host runs %v", three)
	require.NoError(t, net.Kill(host.Name))
	for _, e := range before {
		await(t, fmt.Sprintf("the end of process %d", e.PID), func(context.Context) error {
			if process.CommandLine(e.PID) != nil {
				return fmt.Errorf("it runs")
			}
			return nil
		})
	}
	at := time.Now()
	_, err := net.Restart(host.Name)
	require.NoError(t, err)
	for _, name := range three {
		hosted(t, host, name, "running", func(e directory.Entry) bool {
			return e.State == string(hosting.Running) && e.Height > before[name].Height
		})
	}
	logf("%s runs its shards again %.1fs after it was started", host.Name, time.Since(at).Seconds())
	for _, name := range three {
		sameState(t, name)
	}
	await(t, "supply", func(ctx context.Context) error {
		_, err := net.Supply(ctx)
		return err
	})
}

// Two shards become one while wallets of it and of another one pay each other: they notice nothing but a pause, no coin is gone or new, and all members of the one have the same state.
func TestMergeUnderPayments(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var purses [2]*localnet.Purse
	total := func(ctx context.Context) (sum uint64, err error) {
		for _, p := range purses {
			n, err := p.Balance(ctx)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	}
	for i := range purses {
		p, err := localnet.NewPurse(wallet, wallets[i])
		require.NoError(t, err)
		t.Cleanup(func() { _ = p.Close() })
		purses[i] = p
	}
	began, err := total(ctx)
	require.NoError(t, err)
	paying, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{}, len(purses))
	for i := range purses {
		go func() {
			purses[i].Pay(paying, purses[1-i].Address)
			done <- struct{}{}
		}()
	}
	for _, p := range purses {
		await(t, "payments", p.Paid(5))
	}
	steward, err := chain.FromMnemonic(net.Steward.Mnemonic)
	require.NoError(t, err)
	client, err := chain.Dial(ctx, chain.Config{GRPC: net.Main.Nodes[0].GRPC, ChainID: net.Main.ID, Register: shardstypes.RegisterInterfaces})
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	at := time.Now()
	_, err = client.Send(ctx, steward, &shardstypes.MsgMerge{Authority: steward.Address(), Shards: halves})
	require.NoError(t, err)
	await(t, united+" is active", func(ctx context.Context) error {
		var answer struct {
			Shard struct {
				Status string `json:"status"`
			} `json:"shard"`
		}
		err := net.Main.REST().Get(ctx, "/top/shards/v1/shards/"+united, &answer)
		if err == nil && answer.Shard.Status != "STATUS_ACTIVE" {
			err = fmt.Errorf("it is %s", answer.Shard.Status)
		}
		return err
	})
	logf("%s is active after %.1fs", united, time.Since(at).Seconds())
	for _, p := range purses {
		await(t, "payments after the merge", p.Paid(p.Count()+10))
	}
	stop()
	for range purses {
		<-done
	}
	for i, p := range purses {
		longest := p.Longest()
		logf("the longest payment of wallet %d took %.1fs", i, longest.Seconds())
		require.Less(t, longest, pauseAtMost)
	}
	await(t, "all payments", func(ctx context.Context) error {
		sum, err := total(ctx)
		if err == nil && sum != began {
			err = fmt.Errorf("both have %d utop of %d", sum, began)
		}
		return err
	})
	await(t, "supply", func(ctx context.Context) error {
		_, err := net.Supply(ctx)
		return err
	})
	for _, name := range []string{united, other} {
		sameState(t, name)
	}
}
