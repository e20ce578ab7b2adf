//go:build process

// Package lifecycle tests what happens to whole chains over the years, on one network of its own: a part of a chain falls away and comes back, a fresh node
// joins by state-sync, the state is exported and imported, governance upgrades the chains. The tests run in the order of their names' files; each leaves the
// network at work.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
)

const (
	// timeout of all tests together.
	timeout = 25 * time.Minute
	// waitTimeout bounds one wait; a loaded machine with two cores needs a fraction of it.
	waitTimeout      = 3 * time.Minute
	snapshotInterval = 20
)

// net is the network that all tests share: four validators on each chain, so that each can miss one.
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
	if net, err = localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-lifecycle"), Bin: build, Users: 13, ServiceValidators: 4, TimeoutCommit: 500 * time.Millisecond, EpochBlocks: 20,
		VotingPeriod: 10 * time.Second, SnapshotInterval: snapshotInterval, Cuttable: true, Logf: logf,
	}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	return m.Run(), nil
}

var began = time.Now()

func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}

// side is one of the two chains, as far as a test treats both alike.
type side struct {
	*localnet.Chain
	// program is the daemon's file name.
	program string
	// invariants is the path of the query that checks the books.
	invariants string
}

func sides() []side {
	return []side{
		{net.Main, "topchaind", "/top/billing/v1/invariants"},
		{net.Service, "topserviced", "/top/usage/v1/invariants"},
	}
}

// await waits for a condition, at most waitTimeout.
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

func height(t *testing.T, node localnet.Node) int64 {
	t.Helper()
	s, err := node.Status(t.Context())
	require.NoError(t, err)
	return s.Height
}

// sameState waits until a node has caught up with another and compares block and app hash a few blocks later.
func sameState(t *testing.T, node, other localnet.Node) {
	t.Helper()
	at := height(t, other) + 3
	awaitHeight(t, node, at)
	awaitHeight(t, other, at)
	own, err := node.Header(t.Context(), at)
	require.NoError(t, err)
	theirs, err := other.Header(t.Context(), at)
	require.NoError(t, err)
	require.Equal(t, theirs.Hash, own.Hash, "block %d of %s and %s", at, node.Name, other.Name)
	require.Equal(t, theirs.AppHash, own.AppHash, "app hash in block %d of %s and %s", at, node.Name, other.Name)
}

// booksHold asks a node to check its chain's books.
func (s side) booksHold(t *testing.T, node localnet.Node) {
	t.Helper()
	var answer struct {
		OK     bool   `json:"ok"`
		Broken string `json:"broken"`
	}
	require.NoError(t, localnet.REST{URL: node.REST}.Get(t.Context(), s.invariants, &answer))
	require.True(t, answer.OK, "%s on %s: %s", s.ID, node.Name, answer.Broken)
}
