package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
	"github.com/topnetwork/top/node/config"
)

// home with the default files.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, config.WriteMissing(dir, config.DefaultApp(), config.DefaultComet()))
	return dir
}

// edit replaces a text in one of a home's files.
func edit(t *testing.T, dir, file, from, to string) {
	t.Helper()
	path := filepath.Join(dir, "config", file)
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(bz), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(bz), from, to, 1)), 0o600))
}

func TestDefaultsAreGoodAndSane(t *testing.T) {
	dir := home(t)
	require.NoError(t, config.CheckFiles(dir))
	require.NoError(t, config.Check(config.DefaultApp(), config.DefaultComet(), "utop"))

	v := viper.New()
	v.SetConfigFile(filepath.Join(dir, "config", config.AppFile))
	require.NoError(t, v.ReadInConfig())
	app, err := config.FromViper(v)
	require.NoError(t, err)
	require.EqualValues(t, 50_000_000, app.QueryGasLimit, "a query cannot run for ever")
	require.EqualValues(t, 5_000, app.IAVLCacheSize, "memory is bounded")
	require.EqualValues(t, 1000, app.API.MaxOpenConnections)
	require.EqualValues(t, 1_000_000, app.API.RPCMaxBodyBytes)
	require.False(t, app.API.EnableUnsafeCORS)
	require.Equal(t, 30*time.Second, app.Health.MaxBlockAge)
	require.Contains(t, app.API.Address, "localhost")
	require.Contains(t, app.GRPC.Address, "localhost")
	comet := config.DefaultComet()
	require.Equal(t, time.Second, comet.Consensus.TimeoutCommit)
	require.Empty(t, comet.RPC.PprofListenAddress)
	require.LessOrEqual(t, comet.Mempool.MaxTxBytes, 4<<20)
}

func TestUnknownKeysAreRefused(t *testing.T) {
	for _, c := range []struct{ file, from, to, want string }{
		{config.AppFile, "query-gas-limit =", "query_gas_limit =", `unknown key "query_gas_limit" (did you mean "query-gas-limit"?)`},
		{config.AppFile, "[health]", "[heath]", `unknown key "heath"`},
		{config.AppFile, "max-block-age", "max-block-ages", `(did you mean "health.max-block-age"?)`},
		{config.AppFile, "[grpc-web]", "[grpc-web]\nport = 1", `unknown key "grpc-web.port"`},
		{config.CometFile, "timeout_commit", "timeout_comit", `unknown key "consensus.timeout_comit" (did you mean "consensus.timeout_commit"?)`},
		{config.CometFile, "[statesync]", "[statesink]", `unknown key "statesink"`},
	} {
		dir := home(t)
		edit(t, dir, c.file, c.from, c.to)
		err := config.CheckFiles(dir)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, filepath.Join(dir, "config", c.file))
		require.ErrorContains(t, err, "config reference")
	}
}

const id = "0123456789abcdef0123456789abcdef01234567"

// Peers by name or address, listeners on every interface or a socket: what operators write.
func TestGoodAddresses(t *testing.T) {
	app, comet := config.DefaultApp(), config.DefaultComet()
	comet.P2P.PersistentPeers, comet.P2P.Seeds = id+"@192.0.2.7:26656, "+id+"@[2001:db8::1]:26656", id+"@seed.example.com:26656"
	comet.P2P.ExternalAddress, comet.P2P.PrivatePeerIDs = "tcp://node.example.com:26656", id
	comet.PrivValidatorListenAddr, app.GRPC.Address = "unix:///run/signer.sock", "0.0.0.0:9090"
	require.NoError(t, config.Check(app, comet, "utop"))
}

// A number below zero where the file's setting has no sign would count as 2^64 less.
func TestNegativeNumbersAreRefused(t *testing.T) {
	for _, c := range []struct{ file, from, key string }{
		{config.AppFile, "halt-height = 0", "halt-height"},
		{config.AppFile, "snapshot-interval = 500", "state-sync.snapshot-interval"},
		{config.AppFile, "iavl-cache-size = 5000", "iavl-cache-size"},
	} {
		dir := home(t)
		name, _, _ := strings.Cut(c.from, " =")
		edit(t, dir, c.file, c.from, name+" = -3")
		v := viper.New()
		v.SetConfigFile(filepath.Join(dir, "config", c.file))
		require.NoError(t, v.ReadInConfig())
		_, err := config.FromViper(v)
		require.ErrorContains(t, err, c.key+" is -3: set a whole number, 0 or more")
	}
}

func TestClientFile(t *testing.T) {
	dir := home(t)
	require.NoError(t, config.CheckClient(dir, "top-try-1"), "there is none")
	path := filepath.Join(dir, "config", config.ClientFile)
	require.NoError(t, config.WriteClient(path, "top-try-1", "tcp://127.0.0.1:26657"))
	require.NoError(t, config.CheckFiles(dir))
	require.NoError(t, config.CheckClient(dir, "top-try-1"))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{"top-try-1", "top-main-1", `chain-id is "top-main-1": choose top-try-1`},
		{`output = "text"`, `output = "xml"`, `output is "xml": choose text or json`},
		{`"sync"`, `"block"`, `broadcast-mode is "block": choose sync or async`},
		{"tcp://127.0.0.1:26657", "there", `node is "there": a node's RPC is tcp://HOST:PORT`},
		{`backend = "os"`, `backend = "pocket"`, `keyring-backend is "pocket": choose os`},
	} {
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(good), c.from, c.to, 1)), 0o600))
		err := config.CheckClient(dir, "top-try-1")
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, path)
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(good), "broadcast-mode", "broadcast_mode", 1)), 0o600))
	require.ErrorContains(t, config.CheckFiles(dir), `unknown key "broadcast_mode" (did you mean "broadcast-mode"?)`)
}

func TestWriteMissingKeepsFiles(t *testing.T) {
	dir := home(t)
	edit(t, dir, config.AppFile, `max-block-age = "30s"`, `max-block-age = "9s"`)
	require.NoError(t, config.WriteMissing(dir, config.DefaultApp(), config.DefaultComet()))
	bz, err := os.ReadFile(filepath.Join(dir, "config", config.AppFile))
	require.NoError(t, err)
	require.Contains(t, string(bz), `max-block-age = "9s"`)
}

func TestImpossibleCombinations(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.App, *cmtcfg.Config)
		// names are the settings and the remedy that the message must name.
		names []string
	}{
		"no gas price": {func(a *config.App, _ *cmtcfg.Config) { a.MinGasPrices = "" }, []string{"minimum-gas-prices", "0utop"}},
		"snapshots of pruned states": {
			func(a *config.App, _ *cmtcfg.Config) { a.Pruning = "everything" },
			[]string{"state-sync.snapshot-interval = 0", `pruning = "default"`},
		},
		"pruned node serves others": {func(a *config.App, _ *cmtcfg.Config) {
			a.Pruning, a.StateSync.SnapshotInterval, a.GRPC.Address = "everything", 0, "0.0.0.0:9090"
		}, []string{"grpc.address 0.0.0.0:9090", "127.0.0.1"}},
		"pruning unknown":      {func(a *config.App, _ *cmtcfg.Config) { a.Pruning = "some" }, []string{`"some"`, "default, nothing, everything or custom"}},
		"custom without depth": {func(a *config.App, _ *cmtcfg.Config) { a.Pruning = "custom" }, []string{"pruning-keep-recent 0", "keep 2 states or more"}},
		"application elsewhere": {
			func(_ *config.App, c *cmtcfg.Config) { c.ProxyApp = "kvstore" }, []string{`proxy_app is "kvstore"`, `set it to "tcp://127.0.0.1:26658"`},
		},
		"custom not a number": {
			func(a *config.App, _ *cmtcfg.Config) { a.Pruning, a.PruningKeepRecent = "custom", "many" },
			[]string{`pruning-keep-recent is "many"`, "whole number"},
		},
		"block-stm":     {func(a *config.App, _ *cmtcfg.Config) { a.BlockExecutor = "block-stm" }, []string{`block-executor = "sequential"`}},
		"CORS, no REST": {func(a *config.App, _ *cmtcfg.Config) { a.API.Enable, a.API.EnableUnsafeCORS = false, true }, []string{"api.enable = true"}},
		"swagger, no REST": {
			func(a *config.App, _ *cmtcfg.Config) { a.API.Enable, a.API.Swagger = false, true }, []string{"api.enable = true"},
		},
		"gRPC-web, no gRPC": {func(a *config.App, _ *cmtcfg.Config) { a.GRPC.Enable = false }, []string{"grpc-web.enable = false"}},
		"a port twice": {
			func(a *config.App, c *cmtcfg.Config) { a.API.Address = "tcp://localhost:26657" }, []string{"rpc.laddr and api.address", "26657"},
		},
		"metrics for nobody": {func(a *config.App, _ *cmtcfg.Config) { a.Telemetry.Enabled = true }, []string{"prometheus-retention-time = 60"}},
		"no block age":       {func(a *config.App, _ *cmtcfg.Config) { a.Health.MaxBlockAge = 0 }, []string{"health.max-block-age", "30s"}},
		"ill between blocks": {
			func(a *config.App, c *cmtcfg.Config) { c.Consensus.TimeoutCommit = time.Minute }, []string{"health.max-block-age (30s)", "timeout_commit (1m0s)"},
		},
		"no empty blocks": {
			func(_ *config.App, c *cmtcfg.Config) { c.Consensus.CreateEmptyBlocks = false }, []string{"consensus.create_empty_blocks", "set it to true"},
		},
		"rare empty blocks": {
			func(_ *config.App, c *cmtcfg.Config) { c.Consensus.CreateEmptyBlocksInterval = time.Minute }, []string{"create_empty_blocks_interval (1m0s)"},
		},
		"mempool of an app":     {func(_ *config.App, c *cmtcfg.Config) { c.Mempool.Type = "app" }, []string{`mempool.type is "app"`, "choose flood"}},
		"mempool of nothing":    {func(_ *config.App, c *cmtcfg.Config) { c.Mempool.Type = "nop" }, []string{`mempool.type is "nop"`, "choose flood"}},
		"another chain's coin":  {func(a *config.App, _ *cmtcfg.Config) { a.MinGasPrices = "5stake" }, []string{`"5stake"`, "ask in utop"}},
		"no coin at all":        {func(a *config.App, _ *cmtcfg.Config) { a.MinGasPrices = "abc" }, []string{`"abc"`, "0.01utop"}},
		"queries for ever":      {func(a *config.App, _ *cmtcfg.Config) { a.QueryGasLimit = 0 }, []string{"query-gas-limit", "50000000"}},
		"fewer than none":       {func(a *config.App, _ *cmtcfg.Config) { a.Mempool.MaxTxs = -2 }, []string{"mempool.max-txs", "or -1"}},
		"negative cache":        {func(_ *config.App, c *cmtcfg.Config) { c.Mempool.CacheSize = -1 }, []string{"cache_size"}},
		"app database":          {func(a *config.App, _ *cmtcfg.Config) { a.AppDBBackend = "mydb" }, []string{"app-db-backend", "goleveldb or pebbledb"}},
		"CometBFT's database":   {func(_ *config.App, c *cmtcfg.Config) { c.DBBackend = "mydb" }, []string{"db_backend", "goleveldb or pebbledb"}},
		"indexer":               {func(_ *config.App, c *cmtcfg.Config) { c.TxIndex.Indexer = "foo" }, []string{"tx_index.indexer", "kv or null or psql"}},
		"indexer to nowhere":    {func(_ *config.App, c *cmtcfg.Config) { c.TxIndex.Indexer = "psql" }, []string{"tx_index.psql-conn", "PostgreSQL"}},
		"moniker":               {func(_ *config.App, c *cmtcfg.Config) { c.Moniker = " " }, []string{"moniker", "at least one"}},
		"peers":                 {func(_ *config.App, c *cmtcfg.Config) { c.P2P.PersistentPeers = "garbage" }, []string{"p2p.persistent_peers", "NODE_ID@HOST:PORT"}},
		"peer of no port":       {func(_ *config.App, c *cmtcfg.Config) { c.P2P.PersistentPeers = id + "@h:70000" }, []string{"p2p.persistent_peers"}},
		"seeds":                 {func(_ *config.App, c *cmtcfg.Config) { c.P2P.Seeds = id + "@a:1,b:2" }, []string{"p2p.seeds", `"b:2"`}},
		"private peers":         {func(_ *config.App, c *cmtcfg.Config) { c.P2P.PrivatePeerIDs = "ab" }, []string{"p2p.private_peer_ids", "40 hex"}},
		"p2p address":           {func(_ *config.App, c *cmtcfg.Config) { c.P2P.ListenAddress = "garbage" }, []string{"p2p.laddr", "tcp://HOST:PORT"}},
		"RPC address":           {func(_ *config.App, c *cmtcfg.Config) { c.RPC.ListenAddress = "127.0.0.1:1" }, []string{"rpc.laddr", "tcp://HOST:PORT"}},
		"REST address":          {func(a *config.App, _ *cmtcfg.Config) { a.API.Address = "garbage" }, []string{"api.address", "tcp://HOST:PORT"}},
		"gRPC address":          {func(a *config.App, _ *cmtcfg.Config) { a.GRPC.Address = "tcp://a:1" }, []string{"grpc.address", "HOST:PORT"}},
		"signer's address":      {func(_ *config.App, c *cmtcfg.Config) { c.PrivValidatorListenAddr = "x" }, []string{"priv_validator_laddr", "tcp://HOST:PORT"}},
		"address of a stranger": {func(_ *config.App, c *cmtcfg.Config) { c.P2P.ExternalAddress = "here" }, []string{"p2p.external_address", "HOST:PORT"}},
		"state sync from one": {
			func(_ *config.App, c *cmtcfg.Config) {
				c.StateSync.Enable, c.StateSync.RPCServers = true, []string{"a:1"}
			}, []string{"1 rpc_servers", "two"},
		},
		"state sync on trust": {func(_ *config.App, c *cmtcfg.Config) {
			c.StateSync.Enable, c.StateSync.RPCServers = true, []string{"a:1", "b:1"}
		}, []string{"trust_height", "trust_hash"}},
		"CometBFT's own rules": {func(_ *config.App, c *cmtcfg.Config) { c.P2P.SendRate = -1 }, []string{"config.toml", "send_rate"}},
	} {
		t.Run(name, func(t *testing.T) {
			app, comet := config.DefaultApp(), config.DefaultComet()
			c.change(app, comet)
			err := config.Check(app, comet, "utop")
			require.Error(t, err)
			for _, text := range c.names {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

// Every setting that the files hold is in the reference with its default and its meaning.
func TestReferenceExplainsTheFiles(t *testing.T) {
	text, err := config.Reference("topchaind", config.DefaultApp(), config.DefaultComet())
	require.NoError(t, err)
	for _, row := range []string{
		"| `max-block-age` | duration | `\"30s\"` | Largest age of the last block",
		"| `query-gas-limit` | whole number ≥ 0 | `\"50000000\"` | The maximum gas a query coming over rest/grpc may consume.",
		"| `global-labels` | list | `[ ]` | GlobalLabels defines a global set",
		"| `timeout_commit` | duration | `\"1s\"` |",
		"### `p2p.libp2p",
	} {
		require.Contains(t, text, row)
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	text, err := config.Reference("topchaind", config.DefaultApp(), config.DefaultComet())
	require.NoError(t, err)
	require.Empty(t, reference.Unexplained(text), "name what it means in meanings.go")
}

// Hosts with settings that cannot work are refused before they vote; whoever hosts nothing may leave them as they are.
func TestShards(t *testing.T) {
	hosting := func(change func(*config.App, *cmtcfg.Config)) error {
		app, comet := config.DefaultApp(), config.DefaultComet()
		app.Shards.Enable, app.Shards.ExternalHost = true, "host.example.com"
		change(app, comet)
		return config.Check(app, comet, "utop")
	}
	require.NoError(t, hosting(func(*config.App, *cmtcfg.Config) {}))
	require.NoError(t, hosting(func(a *config.App, _ *cmtcfg.Config) {
		a.Shards.Directories = []string{"http://192.0.2.1:26680", "https://host.example.com"}
	}))
	for want, change := range map[string]func(*config.App, *cmtcfg.Config){
		"shards.external-host": func(a *config.App, _ *cmtcfg.Config) { a.Shards.ExternalHost = "" },
		"shards.listen-host":   func(a *config.App, _ *cmtcfg.Config) { a.Shards.ListenHost = "a b" },
		"shards.first-port":    func(a *config.App, _ *cmtcfg.Config) { a.Shards.LastPort = a.Shards.FirstPort + 2 },
		"shards.directories":   func(a *config.App, _ *cmtcfg.Config) { a.Shards.Directories = []string{"host:1"} },
		"both use port 26657":  func(a *config.App, _ *cmtcfg.Config) { a.Shards.Directory = "127.0.0.1:26657" },
		"shards.stall-timeout": func(a *config.App, _ *cmtcfg.Config) { a.Shards.StallTimeout = time.Second },
		"timeout-commit":       func(a *config.App, _ *cmtcfg.Config) { a.Shards.TimeoutCommit = 0 },
		"shards.processors":    func(a *config.App, _ *cmtcfg.Config) { a.Shards.Processors = -1 },
		"shards.linger-blocks": func(a *config.App, _ *cmtcfg.Config) { a.Shards.LingerBlocks = 0 },
		"shards.keep-data":     func(a *config.App, _ *cmtcfg.Config) { a.Shards.KeepData = -1 },
		"shards.log-bytes":     func(a *config.App, _ *cmtcfg.Config) { a.Shards.LogBytes = 10 },
		"priv_validator_laddr": func(_ *config.App, c *cmtcfg.Config) { c.PrivValidatorListenAddr = "unix:///run/signer.sock" },
		"asks its own node": func(a *config.App, _ *cmtcfg.Config) {
			a.GRPC.Enable, a.API.Enable, a.GRPCWeb.Enable = false, false, false
		},
	} {
		require.ErrorContains(t, hosting(change), want)
		require.NoError(t, config.Check(config.DefaultApp(), config.DefaultComet(), "utop"))
	}
}
