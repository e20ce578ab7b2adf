package hosting

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// giver of what a shard began with.
func giver(t *testing.T, chainID string, root []byte, accounts string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/shards/" + one + "/" + directory.Genesis:
			_, _ = fmt.Fprintf(w, `{"chain_id":%q,"app_state":{"lattice":{"inherited":{"root":%q}}}}`, chainID, base64.StdEncoding.EncodeToString(root))
		case "/shards/" + one + "/" + directory.Accounts:
			_, _ = fmt.Fprint(w, accounts)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Who was not there when a shard began takes what it began with from hosts that were, if the main chain says so too.
func TestFetchGenesis(t *testing.T) {
	root, other := make([]byte, 32), make([]byte, 32)
	root[0], other[0] = 1, 2
	liar, stranger, good := giver(t, one, other, "theirs"), giver(t, two, root, "theirs"), giver(t, one, root, "ours")
	b := Birth{Shard: shardstypes.Shard{Name: one, Parents: []string{two}, GenesisRoot: root}, Home: t.TempDir(), Sources: []string{"http://127.0.0.1:1", liar, stranger}}
	err := fetchGenesis(t.Context(), b)
	require.ErrorContains(t, err, "the main chain says that "+one+" began with")
	require.ErrorContains(t, err, "is of "+two)
	entries, err := os.ReadDir(b.Home)
	require.NoError(t, err)
	require.Empty(t, entries, "nothing of it stays")

	b.Sources = append(b.Sources, good)
	require.NoError(t, fetchGenesis(t.Context(), b))
	accounts, err := os.ReadFile(filepath.Join(b.Home, "config", directory.Accounts))
	require.NoError(t, err)
	require.Equal(t, "ours", string(accounts))
	require.FileExists(t, filepath.Join(b.Home, "config", directory.Genesis))
	require.NoDirExists(t, filepath.Join(b.Home, "fetched"))
}

// A host offers snapshots when it has one: who joins by state-sync where there is none waits in vain.
func TestSnapshotsThatThereAre(t *testing.T) {
	h := homes{dir: t.TempDir()}
	require.False(t, h.snapshots(one))
	dir := filepath.Join(h.of(one), "data", "snapshots")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "metadata.db"), 0o700))
	require.False(t, h.snapshots(one))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "1000"), 0o700))
	require.True(t, h.snapshots(one))
}
