package daemon

import (
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
)

// AppConfig is the default app.toml: REST and gRPC on, bound to loopback, queries limited.
func AppConfig() *serverconfig.Config {
	cfg := serverconfig.DefaultConfig()
	// Whoever validates sets a price here; devnets run without one.
	cfg.MinGasPrices = "0utop"
	cfg.QueryGasLimit = 50_000_000
	cfg.API.Enable = true
	cfg.GRPC.Enable = true
	cfg.StateSync.SnapshotInterval = 500
	cfg.StateSync.SnapshotKeepRecent = 2
	return cfg
}

// AppConfigTemplate is the file's text.
func AppConfigTemplate() string { return serverconfig.DefaultConfigTemplate }

// CometConfig is the default config.toml: blocks about once a second, block size stated.
func CometConfig() *cmtcfg.Config {
	cfg := cmtcfg.DefaultConfig()
	cfg.Consensus.TimeoutPropose = 2 * time.Second
	cfg.Consensus.TimeoutCommit = time.Second
	return cfg
}
