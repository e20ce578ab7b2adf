package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

// made is the folder of a new shard of two members.
func made(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shard")
	cmd := initCommand()
	cmd.Flags().String(flags.FlagChainID, "", "")
	cmd.SetOut(&discarded{})
	cmd.SetArgs(append(args, "--members", "2", "--output-dir", dir))
	require.NoError(t, cmd.Execute())
	return dir
}

type discarded struct{}

func (discarded) Write(p []byte) (int, error) { return len(p), nil }

func genesisFile(t *testing.T, dir, node string) *genutiltypes.AppGenesis {
	t.Helper()
	doc, err := genutiltypes.AppGenesisFromFile(filepath.Join(dir, node, "config", "genesis.json"))
	require.NoError(t, err)
	return doc
}

func TestIntroduce(t *testing.T) {
	file := routes(t, "0 top-z0.s0-1\n1 top-z1.s0-1\n")
	a, b := made(t, "--prefix", "0", "--routes", file), made(t, "--prefix", "1", "--routes", file)
	members, err := introduce([]string{a, b})
	require.NoError(t, err)
	require.Len(t, members, 2)
	for i, dir := range []string{a, b} {
		doc := genesisFile(t, dir, "node0")
		require.Equal(t, doc.AppState, genesisFile(t, dir, "node1").AppState, "all members have the same")
		require.Equal(t, doc.ChainID, members[i].Ledger)
		require.Len(t, members[i].Keys, 2)
		for _, m := range members {
			require.Contains(t, string(doc.AppState), m.Ledger)
		}
	}
	// Again it writes the same.
	again, err := introduce([]string{a, b})
	require.NoError(t, err)
	require.Equal(t, members, again)
}

func TestIntroduceRefuses(t *testing.T) {
	file := routes(t, "0 top-z0.s0-1\n1 top-z1.s0-1\n")
	a, b := made(t, "--prefix", "0", "--routes", file), made(t, "--prefix", "1", "--routes", file)
	alone := made(t)
	before := genesisFile(t, a, "node0").AppState
	_, err := introduce([]string{a, a})
	require.ErrorContains(t, err, "name every shard once")
	_, err = introduce([]string{a, alone})
	require.Error(t, err)
	_, err = introduce([]string{a, t.TempDir()})
	require.ErrorContains(t, err, "no test network")
	require.NoError(t, os.Mkdir(filepath.Join(b, "node1", "data", "blockstore.db"), 0o700))
	_, err = introduce([]string{a, b})
	require.ErrorContains(t, err, "has begun")
	require.Equal(t, before, genesisFile(t, a, "node0").AppState, "nothing is written before all is good")
}
