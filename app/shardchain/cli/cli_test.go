package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// initialised runs `shard init` into a folder that is not there yet.
func initialised(t *testing.T, args ...string) (doc *genutiltypes.AppGenesis, err error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shard")
	cmd := initCommand()
	cmd.Flags().String(flags.FlagChainID, "", "")
	cmd.SetOut(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--output-dir", dir))
	if err := cmd.Execute(); err != nil {
		require.NoDirExists(t, dir)
		return nil, err
	}
	return genutiltypes.AppGenesisFromFile(filepath.Join(dir, "node0", "config", "genesis.json"))
}

func routes(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "routes")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// owned is an address whose first bit is this one.
func owned(bit uint32) string {
	for n := byte(0); ; n++ {
		if a := (lattice.Address{n}); lattice.BucketOf(a)>>(lattice.BucketBits-1) == bit {
			return sendtx.Bech32(a)
		}
	}
}

func TestInitWithRoutes(t *testing.T) {
	file := routes(t, "# the network\n11 top-z1.s1-1\n0 top-z0.s0-1\n10 top-z1.s0-1\n")
	doc, err := initialised(t, "--prefix", "10", "--routes", file)
	require.NoError(t, err)
	require.Equal(t, "top-z1.s0-1", doc.ChainID, "the table's name")
	var state struct {
		Lattice json.RawMessage `json:"lattice"`
	}
	require.NoError(t, json.Unmarshal(doc.AppState, &state))
	var gs struct {
		Shard   json.RawMessage `json:"shard"`
		Routing json.RawMessage `json:"routing"`
	}
	require.NoError(t, json.Unmarshal(state.Lattice, &gs))
	require.JSONEq(t, `{"network": "top-1", "parents": [], "restarts": "0", "prefix_bits": 2, "prefix_len": 2}`, string(gs.Shard))
	require.JSONEq(t, `{"routes": [
		{"prefix_bits": 0, "prefix_len": 1, "name": "top-z0.s0-1"}, {"prefix_bits": 2, "prefix_len": 2, "name": "top-z1.s0-1"}, {"prefix_bits": 3, "prefix_len": 2, "name": "top-z1.s1-1"}
	], "version": "0"}`, string(gs.Routing))

	_, err = initialised(t, "--prefix", "0", "--routes", file, "--chain-id", "top-z0.s0-1", "--account", owned(0)+"=5000000utop")
	require.NoError(t, err)
	doc, err = initialised(t)
	require.NoError(t, err)
	require.Equal(t, defaultChainID, doc.ChainID)
	doc, err = initialised(t, "--routes", routes(t, "- top-z7.s7-1\n"))
	require.NoError(t, err)
	require.Equal(t, "top-z7.s7-1", doc.ChainID)
}

// What cannot be is refused with what to do, and nothing is written.
func TestInitRefuses(t *testing.T) {
	file := routes(t, "0 top-z0.s0-1\n10 top-z1.s0-1\n11 top-z1.s1-1\n")
	accounts := routes(t, owned(1)+" 5000000utop\n")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"bits without routes":     {[]string{"--prefix", "01"}, "name all shards of the network with --routes FILE"},
		"no bits":                 {[]string{"--prefix", "21"}, "want at most 10 digits 0 and 1"},
		"too many bits":           {[]string{"--prefix", "01010101010"}, "want at most 10 digits 0 and 1"},
		"routes without bits":     {[]string{"--routes", file}, "It is one of 0, 10, 11"},
		"no leaf":                 {[]string{"--prefix", "1", "--routes", file}, "It is one of 0, 10, 11"},
		"below a leaf":            {[]string{"--prefix", "01", "--routes", file}, "It is one of 0, 10, 11"},
		"a file that is not":      {[]string{"--prefix", "1", "--routes", file + "x"}, "no such file"},
		"routes with a gap":       {[]string{"--prefix", "0", "--routes", routes(t, "0 a\n")}, "accounts with bits 1 are no shard's"},
		"another name":            {[]string{"--prefix", "0", "--routes", file, "--chain-id", "top-z0.s9-1"}, "leave --chain-id out"},
		"another shard's account": {[]string{"--prefix", "0", "--routes", file, "--account", owned(1) + "=5000000utop"}, "account " + owned(1) + " belongs to shard top-z1."},
		"another shard's file":    {[]string{"--prefix", "0", "--routes", file, "--accounts", accounts}, "account " + owned(1) + " belongs to shard top-z1."},
	} {
		_, err := initialised(t, c.args...)
		require.ErrorContains(t, err, c.want, name)
	}
}
