//go:build process

package hosting

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/crowd"
)

// A shard splits while a crowd pays within it and across, by a router and an edge: every payment arrives once, and the supply is what it was. Two wallets built with CosmJS, which know nothing of shards, send to each
// other meanwhile, and have all their history in the end.
func TestSplitUnderPayments(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	require.NoError(t, net.StartRouter(ctx, localnet.RouterName, net.Carrier))
	edge, err := net.StartEdge(ctx)
	require.NoError(t, err)
	wallet = edge
	until := filepath.Join(net.Dir, "split-is-over")
	talked := talk(ctx, t, edge, until)

	r, err := payers.Pay(ctx, net, edge, crowd.Script{Rounds: 20, Pace: time.Second, Split: true}, logf)
	require.NoError(t, err)
	require.Equal(t, 3, r.Shards)
	require.Equal(t, 1, r.Splits)
	require.Equal(t, 20*crowdSize, r.Transfers)
	require.GreaterOrEqual(t, 2*r.Crossing, r.Transfers)
	require.Less(t, time.Duration(r.SplitPauseMS)*time.Millisecond, pauseAtMost)
	require.NoError(t, os.WriteFile(until, nil, 0o600))
	told := <-talked
	require.NoError(t, told.err)
	// All of what they send is from or to the half that splits.
	during, longest := told.between(r.SplitBegan, r.SplitEnded)
	logf("wallets sent %v, %d payments in the split's %.1fs, the longest payment took %.1fs", told.Sent, during, r.SplitEnded.Sub(r.SplitBegan).Seconds(), longest.Seconds())
	require.Positive(t, during, "payments during the split")
	require.Less(t, longest, pauseAtMost)
	supplied(t)
	for _, name := range []string{"top-z0.s00-1", "top-z0.s01-1", other} {
		sameState(t, name)
	}
}

// conversation of two wallets: how much each has sent, and when each payment was made and had arrived, in milliseconds since 1970.
type conversation struct {
	Sent     []int      `json:"sent"`
	Payments [][2]int64 `json:"payments"`
	err      error
}

// between two times so many payments were under way, at least in part; and the longest of all took so long.
func (c conversation) between(began, ended time.Time) (during int, longest time.Duration) {
	for _, p := range c.Payments {
		if p[0] < ended.UnixMilli() && p[1] > began.UnixMilli() {
			during++
		}
		longest = max(longest, time.Duration(p[1]-p[0])*time.Millisecond)
	}
	return during, longest
}

// talk lets two wallets of different shards send to each other until a file is there.
func talk(ctx context.Context, t *testing.T, edge localnet.Edge, until string) <-chan conversation {
	t.Helper()
	done := make(chan conversation, 1)
	node, err := exec.LookPath("node")
	require.NoError(t, err, "CosmJS runs on Node.js")
	npm, err := exec.LookPath("npm")
	require.NoError(t, err, "npm comes with Node.js")
	dir := filepath.Join(net.Dir, "cosmjs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"package.json", "package-lock.json", "split.js"} {
		bz, err := os.ReadFile(filepath.Join("..", "..", "cosmjs", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), bz, 0o600))
	}
	_, err = process.Run(ctx, process.Spec{Name: "npm ci", Path: npm, Args: []string{"ci"}, Dir: dir, Log: filepath.Join(net.Dir, "npm.log")})
	require.NoError(t, err)
	go func() {
		out, err := process.Run(ctx, process.Spec{
			Name: "split.js", Path: node, Args: []string{"split.js"}, Dir: dir, Log: filepath.Join(net.Dir, "cosmjs.log"),
			Env: []string{"TOP_RPC=" + edge.RPC, "TOP_MNEMONIC_A=" + wallets[0].Mnemonic, "TOP_MNEMONIC_B=" + wallets[1].Mnemonic, "TOP_AMOUNT=100000", "TOP_UNTIL=" + until},
		})
		told := conversation{err: err}
		if err == nil {
			told.err = json.Unmarshal(out, &told)
		}
		done <- told
	}()
	return done
}
