//go:build process

// Package hosting tests the validators of a main chain as hosts of shards: real nodes that run real shards as their children. The tests run in the order in which they stand here, each on what the one before
// has left.
package hosting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/crowd"
)

const (
	// timeout of all tests together, waitTimeout of one wait; a loaded machine with two cores needs a fraction of it.
	timeout     = 12 * time.Minute
	waitTimeout = 2 * time.Minute
)

// crowdSize is how many accounts pay each other.
const crowdSize = 60

var (
	// net is the network that all tests share: four hosts, two zones of one shard with three members and an auditor.
	net *localnet.Network
	// payers of the shards, and a wallet in each.
	payers  *crowd.Crowd
	wallets [2]localnet.Key
	// wallet is where wallets reach the shards, once the edge runs.
	wallet localnet.Edge
	began  = time.Now()
)

func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	code, err := run(ctx, m)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	build, err := filepath.Abs("../../../build")
	if err != nil {
		return 0, err
	}
	if payers, err = crowd.New(crowdSize); err != nil {
		return 0, err
	}
	accounts := payers.Accounts()
	for i := range wallets {
		if wallets[i], err = localnet.WalletIn(lattice.Prefix{Bits: uint32(i), Len: 1}, i); err != nil {
			return 0, err
		}
		accounts = append(accounts, wallets[i].Address+" 10000000000utop")
	}
	if net, err = localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-hosting"), Bin: build, Validators: 4, Users: 8, TimeoutCommit: 700 * time.Millisecond, EpochBlocks: 40, MainOnly: true, Machines: true, SmallCaches: true,
		Shards: localnet.Shards{Zones: 2, PerZone: 1, Members: 3, Auditors: 1, Funds: 5_000_000, TimeoutCommit: 500 * time.Millisecond, LingerBlocks: 300, Accounts: accounts},
		Logf:   logf,
	}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	return m.Run(), nil
}

// await a condition.
func await(t *testing.T, what string, condition func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, what, condition))
}

// hosted waits until a host says something of a shard.
func hosted(t *testing.T, host localnet.Node, chainID, what string, holds func(directory.Entry) bool) (e directory.Entry) {
	t.Helper()
	await(t, fmt.Sprintf("%s on %s: %s", chainID, host.Name, what), func(ctx context.Context) error {
		list, err := host.Hosted(ctx)
		if err != nil {
			return err
		}
		if e = list[chainID]; !holds(e) {
			return fmt.Errorf("it is %+v", e)
		}
		return nil
	})
	return e
}

// host of a shard in some role, and its entry.
func hostOf(t *testing.T, chainID, role string) (localnet.Node, directory.Entry) {
	t.Helper()
	for _, node := range net.Main.Nodes {
		list, err := node.Hosted(t.Context())
		require.NoError(t, err)
		if e, ok := list[chainID]; ok && e.Role == role {
			return node, e
		}
	}
	t.Fatalf("%s has no %s", chainID, role)
	return localnet.Node{}, directory.Entry{}
}

// supplied: all ledgers together have what was issued.
func supplied(t *testing.T) {
	t.Helper()
	await(t, "supply", func(ctx context.Context) error {
		_, err := net.Supply(ctx)
		return err
	})
}

// sameState of all nodes of a shard.
func sameState(t *testing.T, chainID string) {
	t.Helper()
	require.NoError(t, net.SameState(t.Context(), chainID))
}
