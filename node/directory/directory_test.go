package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	one, two = "top-z0.s0-1", "top-z0.s1-1"
	nodeKey  = "0123456789abcdef0123456789abcdef01234567"
)

func entry(name string, height int64) Entry {
	return Entry{ChainID: name, Role: "member", P2P: nodeKey + "@192.0.2.1:27000", RPC: "http://192.0.2.1:27001", Height: height, State: "running"}
}

// What another host says goes into files of settings: nothing that is no address comes through.
func TestOthersEntriesAreChecked(t *testing.T) {
	require.NoError(t, entry(one, 3).check())
	for name, spoil := range map[string]func(*Entry){
		"chain":    func(e *Entry) { e.ChainID = "top-main-1" },
		"folder":   func(e *Entry) { e.ChainID = "../" + one },
		"no peer":  func(e *Entry) { e.P2P = "" },
		"injected": func(e *Entry) { e.P2P = nodeKey + "@h:1\"\nladdr = \"tcp://0.0.0.0:1" },
		"two":      func(e *Entry) { e.P2P += "," + e.P2P },
		"no port":  func(e *Entry) { e.RPC = "http://192.0.2.1" },
		"path":     func(e *Entry) { e.RPC += "/x\"" },
		"user":     func(e *Entry) { e.RPC = "http://me@192.0.2.1:1" },
		"scheme":   func(e *Entry) { e.RPC = "file://192.0.2.1:1" },
		"height":   func(e *Entry) { e.Height = -1 },
	} {
		e := entry(one, 3)
		spoil(&e)
		require.Error(t, e.check(), name)
		raw, err := json.Marshal(Directory{Shards: []Entry{e, entry(two, 4)}})
		require.NoError(t, err)
		d, err := parse(bytes.NewReader(raw))
		require.NoError(t, err)
		require.Equal(t, []Entry{entry(two, 4)}, d.Shards, name)
	}
}

func FuzzDirectory(f *testing.F) {
	raw, _ := json.Marshal(Directory{Operator: "top1", Shards: []Entry{entry(one, 3), {}}})
	f.Add(raw)
	f.Add([]byte(`{"shards":[{"chain_id":"top-z0.s0-1","p2p":"x@y:1","rpc":"http://[::1]:1"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parse(bytes.NewReader(raw))
		if err != nil {
			return
		}
		for _, e := range d.Shards {
			require.NoError(t, e.check())
			require.NotContains(t, e.P2P+e.RPC, `"`)
			require.NotContains(t, e.P2P+e.RPC, "\n")
			require.NotContains(t, e.P2P, ",")
		}
	})
}

func TestDirectoryIsServedAndRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	want := Directory{Operator: "top1x", Shards: []Entry{entry(one, 9)}}
	done := make(chan error, 1)
	folders := map[string]string{one: t.TempDir(), two: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(folders[one], Genesis), []byte(`{"chain_id":1}`), 0o600))
	go func() {
		done <- Serve(ctx, l, func() Directory { return want }, func(chainID string) string { return folders[chainID] }, func(chainID string) string {
			if chainID == one {
				return folders[two]
			}
			return ""
		})
	}()
	got, err := Read(t.Context(), "http://"+l.Addr().String())
	require.NoError(t, err)
	require.Equal(t, want, got)
	// Files that a shard began with: no others, and none beyond their bound.
	base, path := "http://"+l.Addr().String(), filepath.Join(t.TempDir(), "got")
	require.NoError(t, Fetch(t.Context(), base, one, Genesis, path, 14))
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, `{"chain_id":1}`, string(bz))
	require.ErrorContains(t, Fetch(t.Context(), base, one, Genesis, path, 13), "more than 13 bytes")
	for chainID, name := range map[string]string{one: Accounts, two: Genesis, "top-z0.s1-9": Genesis} {
		require.ErrorIs(t, Fetch(t.Context(), base, chainID, name, path, 14), fs.ErrNotExist)
	}
	require.Error(t, Fetch(t.Context(), base, "..", Genesis, path, 14))
	// What it has left is in another folder.
	require.NoError(t, os.WriteFile(filepath.Join(folders[two], Accounts), []byte("left"), 0o600))
	require.NoError(t, Fetch(t.Context(), base, one, Half+Accounts, path, 14))
	bz, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "left", string(bz))
	require.ErrorIs(t, Fetch(t.Context(), base, one, Half+Genesis, path, 14), fs.ErrNotExist)
	require.ErrorIs(t, Fetch(t.Context(), base, two, Half+Accounts, path, 14), fs.ErrNotExist)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, []string{"http://a.example:1"}, Of([]string{"https://rest.example", "shards+http://a.example:1/", "shards+ftp://b", "/ip4/1.2.3.4/tcp/1"}))
}
