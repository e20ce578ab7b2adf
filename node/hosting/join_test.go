package hosting

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/shard"
)

// leaves a half in a folder: accounts of a root, and something else.
func leaves(t *testing.T, folder string, root []byte, burned int) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o700))
	doc := genutiltypes.AppGenesis{
		ChainID: two, InitialHeight: 9, GenesisTime: time.Unix(1, 0).UTC(), Consensus: &genutiltypes.ConsensusGenesis{},
		AppState: json.RawMessage(fmt.Sprintf(`{"lattice":{"inherited":{"root":%q},"burned":"%d"}}`, base64.StdEncoding.EncodeToString(root), burned)),
	}
	require.NoError(t, doc.SaveAs(filepath.Join(folder, directory.Genesis)))
	require.NoError(t, os.WriteFile(filepath.Join(folder, directory.Accounts), fmt.Append(nil, "accounts ", burned), 0o600))
}

// leaver is a host that gives a half.
func leaver(t *testing.T, root []byte, burned int) string {
	t.Helper()
	dir := t.TempDir()
	leaves(t, filepath.Join(dir, "shards", two, directory.Half), root, burned)
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s.URL
}

// A half is this host's own where its node has left it; else what more than half of the other hosts say, with the accounts with which the main chain says the shard has ended.
func TestHalfOf(t *testing.T) {
	root, other := make([]byte, 32), make([]byte, 32)
	root[0], other[0] = 1, 2
	p := Parent{ChainID: two, Home: t.TempDir()}
	into := filepath.Join(t.TempDir(), "half")
	_, err := halfOf(t.Context(), p, shard.Whole(p.Home), root, into)
	require.ErrorContains(t, err, "let it run")

	liar, stranger := leaver(t, root, 7), leaver(t, other, 1)
	p.Sources = []string{"http://127.0.0.1:1", liar, stranger, leaver(t, root, 1)}
	_, err = halfOf(t.Context(), p, shard.Whole(p.Home), root, into)
	require.ErrorContains(t, err, "more than half")
	require.ErrorContains(t, err, "has ended with", "the stranger's is none")
	require.NoError(t, os.RemoveAll(into))
	p.Sources = append(p.Sources, leaver(t, root, 1), leaver(t, root, 1))
	folder, err := halfOf(t.Context(), p, shard.Whole(p.Home), root, into)
	require.NoError(t, err)
	require.Equal(t, into, folder)
	accounts, err := os.ReadFile(filepath.Join(folder, directory.Accounts))
	require.NoError(t, err)
	require.Equal(t, "accounts 1", string(accounts))
	require.NoError(t, checkHalf(folder, root))

	leaves(t, shard.Whole(p.Home), other, 1)
	folder, err = halfOf(t.Context(), p, shard.Whole(p.Home), root, filepath.Join(t.TempDir(), "half"))
	require.NoError(t, err)
	require.NotEqual(t, shard.Whole(p.Home), folder, "another's accounts")
	leaves(t, shard.Whole(p.Home), root, 1)
	folder, err = halfOf(t.Context(), p, shard.Whole(p.Home), root, into)
	require.NoError(t, err)
	require.Equal(t, shard.Whole(p.Home), folder)
}
