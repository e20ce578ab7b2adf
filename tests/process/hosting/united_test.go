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
	// pauseAtMost that payments make while two shards become one, one becomes two, or a host comes back.
	pauseAtMost = 90 * time.Second
)

// payments of two wallets of different shards to each other.
type payments struct {
	purses [2]*localnet.Purse
	began  uint64
	stop   func()
}

// begin payments; both have made some when it returns.
func begin(t *testing.T) *payments {
	t.Helper()
	p := &payments{}
	for i := range p.purses {
		purse, err := localnet.NewPurse(wallet, wallets[i])
		require.NoError(t, err)
		t.Cleanup(func() { _ = purse.Close() })
		p.purses[i] = purse
	}
	var err error
	p.began, err = p.total(t.Context())
	require.NoError(t, err)
	paying, stop := context.WithCancel(t.Context())
	done := make(chan struct{}, len(p.purses))
	for i := range p.purses {
		go func() {
			p.purses[i].Pay(paying, p.purses[1-i].Address)
			done <- struct{}{}
		}()
	}
	p.stop = func() {
		stop()
		for range p.purses {
			<-done
		}
	}
	p.goOn(t, 5)
	return p
}

func (p *payments) total(ctx context.Context) (sum uint64, err error) {
	for _, purse := range p.purses {
		n, err := purse.Balance(ctx)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// goOn until each wallet has made so many more.
func (p *payments) goOn(t *testing.T, more int) {
	t.Helper()
	for _, purse := range p.purses {
		await(t, "payments", purse.Paid(purse.Count()+more))
	}
}

// end them: none paused for too long, and once all have arrived the wallets have what they had.
func (p *payments) end(t *testing.T) {
	t.Helper()
	p.stop()
	for i, purse := range p.purses {
		longest := purse.Longest()
		logf("the longest pause of wallet %d was %.1fs, after %d payments", i, longest.Seconds(), purse.Count())
		require.Less(t, longest, pauseAtMost)
	}
	await(t, "all payments", func(ctx context.Context) error {
		sum, err := p.total(ctx)
		if err == nil && sum != p.began {
			err = fmt.Errorf("both have %d utop of %d", sum, p.began)
		}
		return err
	})
	supplied(t)
}

// A host of three shards is killed under payments between them and comes back with all of them, each with the state that others have; what crossed meanwhile arrives once.
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
	paid := begin(t)
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
	paid.goOn(t, 10)
	paid.end(t)
	for _, name := range three {
		sameState(t, name)
	}
}

// Two shards become one while wallets of it and of another one pay each other: they notice nothing but a pause, no coin is gone or new, and all members of the one have the same state.
func TestMergeUnderPayments(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	paid := begin(t)
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
	paid.goOn(t, 10)
	paid.end(t)
	for _, name := range []string{united, other} {
		sameState(t, name)
	}
}
