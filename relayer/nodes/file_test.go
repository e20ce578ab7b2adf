package nodes

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
)

const one, two = "top-z0.s0-1", "top-z0.s1-1"

// Hosts tell of their nodes; what runs is asked first, who is silent has said what it said last, and a line that goes takes its nodes with it.
func TestHostsTell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shards.txt")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(two + " http://f:1 f:2\nhost http://a:1/\nhost http://b:1\n")
	synctest.Test(t, func(t *testing.T) {
		f, err := Open(path, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		require.True(t, f.Named())
		says := map[string]directory.Directory{
			"http://a:1": {Shards: []directory.Entry{{ChainID: one, RPC: "http://a:5", GRPC: "a:6", State: "starting"}, {ChainID: two, RPC: "http://f:1", GRPC: "f:2", State: running}}},
			"http://b:1": {Shards: []directory.Entry{{ChainID: one, RPC: "http://b:5", GRPC: "b:6", State: running}, {ChainID: two, RPC: "ftp://b", GRPC: "b:8", State: running}}},
		}
		var asked atomic.Int64
		f.ask = func(_ context.Context, base string) (directory.Directory, error) {
			asked.Add(1)
			d, ok := says[base]
			if !ok {
				return d, errors.New("silent")
			}
			return d, nil
		}
		list := f.Now(t.Context())
		require.Equal(t, []string{one, two}, list.Shards())
		require.Equal(t, []Node{{"http://b:5", "b:6"}, {"http://a:5", "a:6"}}, list.Of(one), "what runs first")
		require.Equal(t, []Node{{"http://f:1", "f:2"}}, list.Of(two), "once, and no address that is none")
		f.Now(t.Context())
		require.EqualValues(t, 2, asked.Load(), "not at every look")

		delete(says, "http://b:1")
		wait(askEvery)
		require.Len(t, f.Now(t.Context()).Of(one), 2, "who is silent has said what it said last")
		wait(forgetAfter)
		require.Len(t, f.Now(t.Context()).Of(one), 1)
		write("host http://c:1\n")
		wait(askEvery)
		require.Empty(t, f.Now(t.Context()).Shards(), "a line that is gone")
		write("nonsense\n")
		require.Empty(t, f.Now(t.Context()).Shards(), "a file that cannot be read leaves all as it was")
	})
}

// wait by the bubble's clock.
func wait(d time.Duration) { <-time.After(d + time.Second) }
