package daemon_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/daemon"
	mainchain "github.com/topnetwork/top/app/mainchain/cli"
	servicechain "github.com/topnetwork/top/app/servicechain/cli"
)

// What libraries would take silently, or stumble over late, is refused before anything is written.
func TestCommandLinesThatAreRefused(t *testing.T) {
	for _, c := range both() {
		for want, args := range map[string][]string{
			`--transport "foo": choose socket or grpc`:              {"start", "--transport", "foo"},
			`--inv-check-period "5": does nothing, leave it out`:    {"start", "--inv-check-period", "5"},
			`--gas "abc": gas must be either integer or auto`:       {"tx", "bank", "send", "a", "b", "1utop", "--gas", "abc"},
			`--output "xml": choose text or json`:                   {"query", "bank", "total-supply", "-o", "xml"},
			`--broadcast-mode "block": choose sync or async`:        {"tx", "bank", "send", "a", "b", "1utop", "-b", "block"},
			`MONIKER "": a node's name has visible ASCII`:           {"init", "", "--chain-id", "top-try-1"},
			`--chain-id "Top X-1": must be at most 50`:              {"init", "n", "--chain-id", "Top X-1"},
			`--chain-id is missing`:                                 {"init", "n"},
			`accepts 1 arg(s), received 0; usage: ` + c.Name + ` i`: {"init"},
			`--timeout-commit is -1s: a pause or period is not`:     {"testnet", "init-files", "--timeout-commit", "-1s", "--output-dir", "x"},
			`--ip "garbage": other nodes need this one's IP`:        {"genesis", "gentx", "a", "1utop", "--ip", "garbage"},
			`--proxy_app "kvstore": does nothing, leave it out`:     {"start", "--proxy_app", "kvstore"},
			`--abci "grpc": does nothing, leave it out`:             {"start", "--abci", "grpc"},
			`a network's nodes is --output-dir`:                     {"testnet", "init-files", "--home", "x"},
		} {
			if c.Name == "topserviced" && args[0] == "genesis" {
				args = slices.Delete(slices.Clone(args), 3, 4)
			}
			home := filepath.Join(t.TempDir(), "home")
			_, err := run(t, c, home, args...)
			require.ErrorContains(t, err, want, "%s %v", c.Name, args)
			require.NoDirExists(t, home, "%s %v", c.Name, args)
		}
	}
}

func TestUnknownVariablesAreRefused(t *testing.T) {
	for _, c := range both() {
		prefix := strings.ToUpper(c.Name) + "_"
		t.Setenv(prefix+"P2P_LADR", "tcp://localhost:1")
		_, err := run(t, c, t.TempDir(), "keys", "list")
		require.ErrorContains(t, err, prefix+"P2P_LADR is no setting")
		require.ErrorContains(t, err, "did you mean "+prefix+"P2P_LADDR?")
		require.NoError(t, os.Unsetenv(prefix+"P2P_LADR"))
		for _, known := range []string{"API_ADDRESS", "HOME", "P2P_LADDR", "KEYRING_BACKEND", "HALT_HEIGHT"} {
			t.Setenv(prefix+known, "")
		}
		must(t, c, t.TempDir(), "keys", "list", "--keyring-backend", "test")
	}
}

func TestSetChainRefusesBadTypes(t *testing.T) {
	c, home := servicechain.Chain(), t.TempDir()
	must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
	_, err := run(t, c, home, "genesis", "set-chain", "--type", "Bad Type!", "--operator", address(t, c, home, "a"))
	require.ErrorContains(t, err, `"Bad Type!": want 2 to 32 of a-z`)
	_, err = run(t, c, home, "genesis", "set-chain", "--type", "vpn", "--main-chain-id", "Main", "--operator", address(t, c, home, "b"))
	require.ErrorContains(t, err, `main chain "Main" must end in a revision`)
}

// testnet makes a network of one and returns the node's home.
func testnet(t *testing.T, c daemon.Chain) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "net")
	must(t, c, t.TempDir(), "testnet", "init-files", "--validators", "1", "--output-dir", dir)
	return filepath.Join(dir, "node0")
}

// edited writes a change of the home's genesis.
func edited(t *testing.T, home string, change func(doc map[string]any)) {
	t.Helper()
	path := filepath.Join(home, "config", "genesis.json")
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(bz, &doc))
	change(doc)
	bz, err = json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bz, 0o600))
}

// at walks down a document.
func at(doc map[string]any, path ...string) map[string]any {
	for _, name := range path {
		doc = doc[name].(map[string]any)
	}
	return doc
}

// genesis validate says what start would say, and a first start says it before CometBFT keeps the bad genesis for ever.
func TestGenesisThatCannotStart(t *testing.T) {
	block := func(key, value string) func(map[string]any) {
		return func(doc map[string]any) { at(doc, "consensus", "params", "block")[key] = value }
	}
	shared := map[string]func(map[string]any){
		"chain_id \"Top X-1\" must be":             func(doc map[string]any) { doc["chain_id"] = "Top X-1" },
		"chain_id \"top\" must end in a revision":  func(doc map[string]any) { doc["chain_id"] = "top" },
		"\"wasm\" is no module":                    func(doc map[string]any) { at(doc, "app_state")["wasm"] = map[string]any{} },
		"consensus.params.block.max_bytes is 0":    block("max_bytes", "0"),
		"consensus.params.block.max_bytes is -1":   block("max_bytes", "-1"),
		"block.MaxBytes is too big":                block("max_bytes", "900000000"),
		"consensus.params.block.max_gas is -1":     block("max_gas", "-1"),
		"consensus.params is missing":              func(doc map[string]any) { delete(doc, "consensus") },
		"evidence.MaxAgeNumBlocks must be greater": func(doc map[string]any) { at(doc, "consensus", "params", "evidence")["max_age_num_blocks"] = "0" },
		"is an unknown pubkey type": func(doc map[string]any) {
			at(doc, "consensus", "params", "validator")["pub_key_types"] = []string{"rsa"}
		},
		"initial_height cannot be negative": func(doc map[string]any) { doc["initial_height"] = -1 },
		"auth":                              func(doc map[string]any) { delete(at(doc, "app_state"), "auth") },
	}
	denom := func(key, value string, path ...string) func(map[string]any) {
		return func(doc map[string]any) { at(doc, append([]string{"app_state"}, path...)...)[key] = value }
	}
	own := map[string]map[string]func(map[string]any){
		"topchaind": {
			"there is no validator":                     func(doc map[string]any) { at(doc, "app_state", "genutil")["gen_txs"] = []any{} },
			"staking.params.bond_denom is in \"stake\"": denom("bond_denom", "stake", "staking", "params"),
			"gov.params.min_deposit is in \"stake\"": func(doc map[string]any) {
				at(doc, "app_state", "gov", "params")["min_deposit"] = []any{map[string]any{"denom": "stake", "amount": "10000000"}}
			},
			"signature verification failed": func(doc map[string]any) {
				tx := at(doc, "app_state", "genutil")["gen_txs"].([]any)[0].(map[string]any)
				at(tx, "body")["messages"].([]any)[0].(map[string]any)["value"].(map[string]any)["denom"] = "stake"
			},
		},
		"topserviced": {
			"nobody would make blocks": func(doc map[string]any) { at(doc, "app_state", "operators")["operators"] = []any{} },
			"service_type is empty":    denom("service_type", "", "usage", "chain"),
		},
	}
	for _, c := range both() {
		home := testnet(t, c)
		path := filepath.Join(home, "config", "genesis.json")
		good, err := os.ReadFile(path)
		require.NoError(t, err)
		cases := maps.Clone(shared)
		maps.Copy(cases, own[c.Name])
		for want, change := range cases {
			t.Run(c.Name+" "+want, func(t *testing.T) {
				require.NoError(t, os.WriteFile(path, good, 0o600))
				edited(t, home, change)
				_, err := run(t, c, home, "genesis", "validate")
				require.ErrorContains(t, err, want)
				require.NotContains(t, err.Error(), "This is a bug")
			})
		}
		require.NoError(t, os.WriteFile(path, good, 0o600))
		edited(t, home, block("max_bytes", "0"))
		_, invalid := run(t, c, home, "genesis", "validate")
		_, err = run(t, c, home, "start")
		require.EqualError(t, err, invalid.Error(), "start says the same")
		require.NoDirExists(t, filepath.Join(home, "data", "state.db"), "CometBFT keeps what it starts from")
	}
}

// Where the answer goes to standard output, no log goes.
func TestOfflineCommandsDoNotLog(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		for _, args := range [][]string{{"export"}, {"snapshots", "list"}, {"prune", "default"}, {"genesis", "validate"}} {
			out, _ := run(t, c, home, args...)
			for _, level := range []string{"DBG", "INF", "WRN"} {
				require.NotContains(t, out, level, "%s %v", c.Name, args)
			}
		}
	}
}

// Commands in a test network's home need neither --chain-id nor --node.
func TestTestnetHomesKnowTheirNode(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		bz, err := os.ReadFile(filepath.Join(home, "config", "client.toml"))
		require.NoError(t, err)
		require.Regexp(t, `chain-id = "top-(main|msg)-1"`, string(bz))
		require.Regexp(t, `node = "tcp://127\.0\.0\.1:\d+"`, string(bz))
	}
}

// Where no node answers, the error has the address that was tried and says how to name another; an argument that is no number, where it is explained.
func TestCommandsThatFailNameTheRemedy(t *testing.T) {
	c, home := mainchain.Chain(), t.TempDir()
	must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
	const (
		nobody = "127.0.0.1:1"
		remedy = ": connect: connection refused; no node answers there: start it (topchaind start), or name another with --node tcp://HOST:PORT"
	)
	for _, args := range [][]string{{"status"}, {"query", "bank", "total-supply"}, {"query", "tx", "AA"}, {"query", "wait-tx", "AA"}, {"query", "sortition", "election", "3"}} {
		_, err := run(t, c, home, append(args, "--node", "tcp://"+nobody)...)
		require.ErrorContains(t, err, nobody+remedy, "%v", args)
	}
	_, err := run(t, c, home, "query", "bank", "total-supply", "--grpc-addr", nobody, "--grpc-insecure")
	require.ErrorContains(t, err, nobody)
	require.ErrorContains(t, err, "or name another with --grpc-addr HOST:PORT")
	_, err = run(t, c, home, "query", "sortition", "election", "three")
	require.ErrorContains(t, err, "; see topchaind query sortition election --help")
	_, err = run(t, c, home, "query", "block", "--type", "neither", "1")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "no node answers")
}

// config check looks and leaves no trace.
func TestConfigCheckMakesNoHome(t *testing.T) {
	for _, c := range both() {
		home := filepath.Join(t.TempDir(), "home")
		_, err := run(t, c, home, "config", "check")
		require.ErrorContains(t, err, c.Name+" init NAME")
		require.NoDirExists(t, home)
	}
}

// start and config check refuse the same.
func TestStartChecksWhatConfigCheckChecks(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		for _, e := range []struct{ file, from, to, want string }{
			{"app.toml", "halt-height = 0", "halt-height = -3", "halt-height"},
			{"app.toml", "snapshot-interval = 500", "snapshot-interval = -1", "state-sync.snapshot-interval"},
			{"app.toml", "minimum-gas-prices = \"0", "minimum-gas-prices = \"5stake\" #", `no "stake"`},
			{"config.toml", `seeds = ""`, `seeds = "garbage"`, "NODE_ID@HOST:PORT"},
			{"config.toml", `indexer = "kv"`, `indexer = "foo"`, "tx_index.indexer"},
			{"client.toml", `output = "text"`, `output = "xml"`, `output is "xml"`},
			{"client.toml", `chain-id = "top-`, `chain-id = "pot-`, `chain-id is "pot-`},
		} {
			path := filepath.Join(home, "config", e.file)
			good, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(good), e.from)
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(good), e.from, e.to, 1)), 0o600))
			for _, args := range [][]string{{"config", "check"}, {"start"}} {
				_, err := run(t, c, home, args...)
				require.ErrorContains(t, err, e.want, "%s %v", c.Name, args)
			}
			require.NoError(t, os.WriteFile(path, good, 0o600))
		}
		_, err := run(t, c, home, "start", "--api.address", "garbage")
		require.ErrorContains(t, err, `api.address is "garbage"`)
		must(t, c, home, "config", "check")
	}
}
