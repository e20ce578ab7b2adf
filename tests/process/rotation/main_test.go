//go:build process

// Package rotation tests the main chain under committees that change: real nodes, more candidates than seats, short epochs, packets under way. The tests run in the order of
// their files' names, each on what the one before has left.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
)

const (
	// timeout of all tests together, waitTimeout of one wait; a loaded machine with two cores needs a fraction of it.
	timeout     = 15 * time.Minute
	waitTimeout = 3 * time.Minute

	candidates = 7
	seats      = 5
	// snapshotInterval of nodes that fresh ones join from.
	snapshotInterval = 20
	// signedBlocksWindow: a node that is restarted misses less than half of it, one that is killed is jailed within two epochs, which is as long as it is sure to keep its seat.
	signedBlocksWindow = 36
)

// epochBlocks are few, for many epochs in little time; EPOCH_BLOCKS=60 makes epochs of half a minute.
var epochBlocks = 12

// net is the network that all tests share.
var net *localnet.Network

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
	if blocks := os.Getenv("EPOCH_BLOCKS"); blocks != "" {
		if epochBlocks, err = strconv.Atoi(blocks); err != nil {
			return 0, fmt.Errorf("EPOCH_BLOCKS: %w", err)
		}
	}
	began := time.Now()
	if net, err = localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-rotation"), Bin: build, Validators: candidates, Committee: seats, Standbys: candidates - seats, SignedBlocksWindow: signedBlocksWindow,
		ServiceValidators: 1, Providers: 1, Users: 1, TimeoutCommit: 300 * time.Millisecond, EpochBlocks: epochBlocks, VotingPeriod: 10 * time.Second, SnapshotInterval: snapshotInterval,
		Logf: func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
		},
	}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	return m.Run(), nil
}

// await waits for a condition.
func await(t *testing.T, what string, condition func(context.Context) error, needs ...*process.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, what, condition, needs...))
}

// awaitHeight waits until a node has a block.
func awaitHeight(t *testing.T, node localnet.Node, height int64) {
	t.Helper()
	await(t, fmt.Sprintf("height %d of %s", height, node.Name), func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err == nil && s.Height < height {
			err = fmt.Errorf("height is %d", s.Height)
		}
		return err
	}, net.Process(node.Name))
}

func height(t *testing.T) int64 {
	t.Helper()
	s, err := net.Main.Nodes[0].Status(t.Context())
	require.NoError(t, err)
	return s.Height
}

// restart a node after a change of its files.
func restart(t *testing.T, node localnet.Node, change func()) {
	t.Helper()
	require.NoError(t, net.Process(node.Name).Stop(30*time.Second))
	change()
	_, err := net.Restart(node.Name)
	require.NoError(t, err)
}

// sameState compares the nodes' blocks and app hashes a few blocks from now.
func sameState(t *testing.T, nodes []localnet.Node) {
	t.Helper()
	at := height(t) + 3
	var first *localnet.Header
	for _, node := range nodes {
		awaitHeight(t, node, at)
		h, err := node.Header(t.Context(), at)
		require.NoError(t, err)
		if first == nil {
			first = h
		}
		require.Equal(t, first.Hash, h.Hash, "block %d of %s", at, node.Name)
		require.Equal(t, first.AppHash, h.AppHash, "app hash in block %d of %s", at, node.Name)
	}
}

// booksHold asks for the module's invariants.
func booksHold(t *testing.T) {
	t.Helper()
	for _, module := range []string{"committees", "sortition", "stake", "billing", "issuance"} {
		var answer struct {
			OK     bool   `json:"ok"`
			Broken string `json:"broken"`
		}
		require.NoError(t, net.Main.REST().Get(t.Context(), "/top/"+module+"/v1/invariants", &answer))
		require.True(t, answer.OK, "%s: %s", module, answer.Broken)
	}
}
