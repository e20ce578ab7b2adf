package daemon_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/topnetwork/top/app/daemon"
	mainchain "github.com/topnetwork/top/app/mainchain/cli"
	servicechain "github.com/topnetwork/top/app/servicechain/cli"
)

// both daemons.
func both() []daemon.Chain { return []daemon.Chain{mainchain.Chain(), servicechain.Chain()} }

// run executes one command line of a daemon as main would, with a home of its own, and returns what it printed.
func run(t *testing.T, c daemon.Chain, home string, args ...string) (string, error) {
	t.Helper()
	root, err := c.Root()
	require.NoError(t, err)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(""))
	// A network of nodes has a folder instead.
	if args[0] != "testnet" {
		args = append(args, "--home", home)
	}
	root.SetArgs(args)
	err = svrcmd.Execute(root, "", home)
	return out.String(), err
}

func must(t *testing.T, c daemon.Chain, home string, args ...string) string {
	t.Helper()
	out, err := run(t, c, home, args...)
	require.NoError(t, err, "%s %s: %s", c.Name, strings.Join(args, " "), out)
	return out
}

// shared are the commands that operators expect of every daemon, by path.
var shared = []string{
	"init", "keys add", "keys list", "keys show", "genesis add-account", "genesis gentx", "genesis collect", "genesis validate",
	"config check", "config reference", "start", "status", "tx sign", "tx broadcast", "tx bank send", "tx gov submit-proposal",
	"query bank balances", "query gov proposals", "query block", "query tx", "export", "rollback", "prune",
	"snapshots list", "snapshots export", "snapshots restore", "snapshots dump", "snapshots load", "snapshots delete",
	"comet show-node-id", "comet show-validator", "comet show-address", "comet version", "comet unsafe-reset-all", "comet reset-state", "comet bootstrap-state",
	"module-hash-by-height", "testnet init-files", "testnet start", "version", "debug addr",
}

func TestCommandTree(t *testing.T) {
	own := map[string][]string{
		"topchaind": {"query billing explain", "query services service-types", "tx billing deposit", "query staking validators", "tx staking create-validator",
			"node-keys", "query stake node", "query stake snapshot", "query sortition record", "query sortition election", "tx stake register-node",
			"genesis devnet", "query committees committee", "query committees security", "query issuance supply", "query issuance schedule"},
		"topserviced": {"launch", "genesis set-chain", "genesis add-operator", "query operators operators", "query usage params", "tx usage allot"},
	}
	for _, c := range both() {
		root, err := c.Root()
		require.NoError(t, err)
		for _, path := range slices.Concat(shared, own[c.Name]) {
			cmd, rest, err := root.Find(strings.Fields(path))
			require.NoError(t, err, "%s %s", c.Name, path)
			require.Empty(t, rest, "%s has no %q", c.Name, path)
			require.True(t, cmd.Runnable(), "%s %s does nothing", c.Name, path)
		}
		everyCommand(root, func(cmd *cobra.Command) {
			require.NotEmpty(t, cmd.Short, "%s has no description", cmd.CommandPath())
		})
	}
}

func everyCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		everyCommand(sub, f)
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	for _, c := range both() {
		for _, args := range [][]string{
			{"begin"}, {"genesis", "colect"}, {"testnet", "begin"}, {"query", "bnak"}, {"tx", "bnak"}, {"comet", "show-nod"}, {"snapshots", "lst"},
			{"config", "chek"}, {"start", "--min-gas", "1"}, {"keys", "ad"},
		} {
			out, err := run(t, c, t.TempDir(), args...)
			require.Error(t, err, "%s %v: %s", c.Name, args, out)
			require.Contains(t, err.Error(), "unknown", "%s %v", c.Name, args)
		}
		_, err := run(t, c, t.TempDir(), "start", "--min-gas", "1")
		require.ErrorContains(t, err, "see "+c.Name+" start --help")
	}
}

func TestVersionMakesNoHome(t *testing.T) {
	for _, c := range both() {
		home := filepath.Join(t.TempDir(), "home")
		must(t, c, home, "version", "--long")
		_, err := os.Stat(home)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestCommandsOfANodeNeedItsHome(t *testing.T) {
	for _, c := range both() {
		for _, args := range [][]string{
			{"start"}, {"export"}, {"rollback"}, {"prune", "default"}, {"module-hash-by-height", "1"}, {"snapshots", "list"}, {"comet", "show-validator"}, {"comet", "unsafe-reset-all"},
		} {
			home := filepath.Join(t.TempDir(), "home")
			_, err := run(t, c, home, args...)
			require.ErrorContains(t, err, c.Name+" init NAME", "%s %v", c.Name, args)
			require.NoDirExists(t, home, "%s %v", c.Name, args)
		}
		_, err := run(t, c, t.TempDir(), "start", "again")
		require.ErrorContains(t, err, "unknown command", c.Name)
	}
}

func TestExportNeedsAState(t *testing.T) {
	for _, c := range both() {
		home := filepath.Join(t.TempDir(), "home")
		must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		_, err := run(t, c, home, "export")
		require.ErrorContains(t, err, "there is no state to export", c.Name)
	}
}

func TestInit(t *testing.T) {
	for _, c := range both() {
		home := t.TempDir()
		var made struct {
			ChainID string `json:"chain_id"`
			NodeID  string `json:"node_id"`
			Genesis string `json:"genesis"`
		}
		require.NoError(t, json.Unmarshal([]byte(must(t, c, home, "init", "n0", "--chain-id", "top-try-1")), &made))
		require.Equal(t, "top-try-1", made.ChainID)
		require.Equal(t, made.NodeID, strings.TrimSpace(must(t, c, home, "comet", "show-node-id")))

		raw, err := os.ReadFile(made.Genesis)
		require.NoError(t, err)
		var doc struct {
			Consensus struct {
				Params struct {
					Block struct {
						MaxBytes string `json:"max_bytes"`
						MaxGas   string `json:"max_gas"`
					} `json:"block"`
				} `json:"params"`
			} `json:"consensus"`
			AppState struct {
				IBC struct {
					Client struct {
						Params struct {
							Allowed []string `json:"allowed_clients"`
						} `json:"params"`
					} `json:"client_genesis"`
				} `json:"ibc"`
			} `json:"app_state"`
		}
		require.NoError(t, json.Unmarshal(raw, &doc))
		require.Equal(t, "4194304", doc.Consensus.Params.Block.MaxBytes)
		require.Equal(t, "300000000", doc.Consensus.Params.Block.MaxGas)
		require.Equal(t, []string{"07-tendermint"}, doc.AppState.IBC.Client.Params.Allowed, "the chain's own defaults, not the modules'")

		_, err = run(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		require.ErrorContains(t, err, "--overwrite")
		_, err = run(t, c, t.TempDir(), "init", "n0", "--chain-id", "top")
		require.ErrorContains(t, err, "must end in a revision")
	}
}

// address of a new test key in the home.
func address(t *testing.T, c daemon.Chain, home, name string) string {
	t.Helper()
	must(t, c, home, "keys", "add", name, "--keyring-backend", "test", "--output", "json")
	var key struct {
		Address string `json:"address"`
	}
	require.NoError(t, json.Unmarshal([]byte(must(t, c, home, "keys", "show", name, "--keyring-backend", "test", "--output", "json")), &key))
	require.True(t, strings.HasPrefix(key.Address, "top1"))
	return key.Address
}

func TestMainChainGenesisByHand(t *testing.T) {
	c, home := mainchain.Chain(), t.TempDir()
	must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
	addr := address(t, c, home, "v")
	must(t, c, home, "genesis", "add-account", addr, "1000000000utop")
	must(t, c, home, "genesis", "gentx", "v", "500000000utop", "--keyring-backend", "test", "--chain-id", "top-try-1")
	must(t, c, home, "genesis", "collect")
	must(t, c, home, "genesis", "devnet")
	require.Contains(t, must(t, c, home, "genesis", "validate"), "valid genesis")
	raw, err := os.ReadFile(filepath.Join(home, "config", "genesis.json"))
	require.NoError(t, err)
	require.Regexp(t, `"devnet":\s*true`, string(raw))
	_, err = run(t, c, t.TempDir(), "genesis", "devnet")
	require.ErrorContains(t, err, "init")
}

// Two operators, each with its own home and keys, agree on a genesis by signed files.
func TestServiceChainGenesisByHand(t *testing.T) {
	c, first, second := servicechain.Chain(), t.TempDir(), t.TempDir()
	must(t, c, first, "init", "n0", "--chain-id", "top-try-1")
	must(t, c, second, "init", "n1", "--chain-id", "top-try-1")
	_, err := run(t, c, first, "genesis", "validate")
	require.ErrorContains(t, err, "genesis gentx", "without operators nobody makes blocks")

	a, b := address(t, c, first, "a"), address(t, c, second, "b")
	own := strings.TrimSpace(must(t, c, first, "genesis", "gentx", "a", "--keyring-backend", "test"))
	theirs := strings.TrimSpace(must(t, c, second, "genesis", "gentx", "b", "--keyring-backend", "test", "--power", "2", "--ip", "192.0.2.7"))
	bz, err := os.ReadFile(theirs)
	require.NoError(t, err)
	received := filepath.Join(filepath.Dir(own), "received.json")
	require.NoError(t, os.WriteFile(received, bytes.Replace(bz, []byte(`"power": 2`), []byte(`"power": 9`), 1), 0o600))
	_, err = run(t, c, first, "genesis", "collect")
	require.ErrorContains(t, err, "changed after "+b+" signed it")

	require.NoError(t, os.WriteFile(received, bz, 0o600))
	must(t, c, first, "genesis", "collect")
	_, err = run(t, c, first, "genesis", "validate")
	require.ErrorContains(t, err, "set-chain")
	must(t, c, first, "genesis", "set-chain", "--type", "messaging", "--epoch-blocks", "20", "--operator", a)
	must(t, c, first, "genesis", "collect", "--gentx-dir", filepath.Dir(own)) // again: it changes nothing
	require.Contains(t, must(t, c, first, "genesis", "validate"), "valid genesis")

	raw, err := os.ReadFile(filepath.Join(first, "config", "genesis.json"))
	require.NoError(t, err)
	var doc struct {
		AppState struct {
			Operators struct {
				Operators []struct {
					Address string `json:"address"`
					Power   string `json:"power"`
				} `json:"operators"`
			} `json:"operators"`
		} `json:"app_state"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	power := map[string]string{}
	for _, o := range doc.AppState.Operators.Operators {
		power[o.Address] = o.Power
	}
	require.Equal(t, map[string]string{a: "1", b: "2"}, power)
	toml, err := os.ReadFile(filepath.Join(first, "config", "config.toml"))
	require.NoError(t, err)
	require.Regexp(t, `persistent_peers = "[0-9a-f]{40}@192\.0\.2\.7:26656"`, string(toml))
}

func TestAddOperator(t *testing.T) {
	c, home, other := servicechain.Chain(), t.TempDir(), t.TempDir()
	must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
	must(t, c, other, "init", "n1", "--chain-id", "top-try-1")
	addr := address(t, c, home, "a")
	key := strings.TrimSpace(must(t, c, other, "comet", "show-validator"))
	must(t, c, home, "genesis", "add-operator", addr, key, "5")
	must(t, c, home, "genesis", "set-chain", "--type", "messaging", "--epoch-blocks", "20", "--operator", addr)
	require.Contains(t, must(t, c, home, "genesis", "validate"), "valid genesis")

	_, err := run(t, c, home, "genesis", "add-operator", addr, key, "6")
	require.ErrorContains(t, err, "already an operator")
	_, err = run(t, c, home, "genesis", "add-operator", address(t, c, home, "b"), key, "1")
	require.ErrorContains(t, err, "share a consensus key")
	_, err = run(t, c, home, "genesis", "add-operator", addr, "c2hvcnQ=", "1")
	require.ErrorContains(t, err, "want 32")
}

func TestTestnetFiles(t *testing.T) {
	for _, c := range both() {
		dir := filepath.Join(t.TempDir(), "net")
		var summary struct {
			Nodes []struct {
				Home string `json:"home"`
			} `json:"nodes"`
		}
		require.NoError(t, json.Unmarshal([]byte(must(t, c, t.TempDir(), "testnet", "init-files", "--validators", "2", "--output-dir", dir)), &summary))
		require.Len(t, summary.Nodes, 2)
		for _, n := range summary.Nodes {
			require.Contains(t, must(t, c, n.Home, "genesis", "validate"), "valid genesis")
			must(t, c, n.Home, "config", "check")
		}
		_, err := run(t, c, t.TempDir(), "testnet", "init-files", "--output-dir", dir)
		require.ErrorContains(t, err, "already holds a network")
	}
}
