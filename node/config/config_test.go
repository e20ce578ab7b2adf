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
	require.NoError(t, config.Check(config.DefaultApp(), config.DefaultComet()))

	v := viper.New()
	v.SetConfigFile(filepath.Join(dir, "config", config.AppFile))
	require.NoError(t, v.ReadInConfig())
	app, err := config.FromViper(v)
	require.NoError(t, err)
	require.EqualValues(t, 50_000_000, app.QueryGasLimit, "a query cannot run for ever")
	require.EqualValues(t, 20_000, app.IAVLCacheSize, "memory is bounded")
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
		"custom without depth": {func(a *config.App, _ *cmtcfg.Config) { a.Pruning = "custom" }, []string{"pruning-keep-recent 0"}},
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
		"mempool of an app": {func(_ *config.App, c *cmtcfg.Config) { c.Mempool.Type = "app" }, []string{`mempool.type = "flood"`}},
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
			err := config.Check(app, comet)
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
