// Package config holds a chain node's settings: their defaults, what must not be in the files, what does not go together, and the reference of all of them.
package config

import (
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
)

// App is app.toml: the SDK's settings and ours.
type App struct {
	serverconfig.Config `mapstructure:",squash"`

	Health Health `mapstructure:"health"`
	Shards Shards `mapstructure:"shards"`
}

// Health says when a node is fit to be asked.
type Health struct {
	// MaxBlockAge is the largest age of the last block with which /health answers 200.
	MaxBlockAge time.Duration `mapstructure:"max-block-age"`
}

// DefaultApp is the default app.toml: REST and gRPC on, bound to loopback, queries limited.
func DefaultApp() *App {
	cfg := &App{Config: *serverconfig.DefaultConfig(), Health: Health{MaxBlockAge: 30 * time.Second}, Shards: DefaultShards()}
	// A price would keep out relayers, providers and apps, who pay no fees (Warnings).
	cfg.MinGasPrices = "0utop"
	cfg.QueryGasLimit = 50_000_000
	// Nodes kept per store, of which there are about twenty: at the SDK's 781,250 memory grows for days before this cache is full.
	cfg.IAVLCacheSize = 5_000
	// Counts for pruning = "custom" only, also that of the command `prune`, which refuses the SDK's default of 0.
	cfg.PruningInterval = "10"
	cfg.API.Enable = true
	cfg.GRPC.Enable = true
	cfg.StateSync.SnapshotInterval = 500
	cfg.StateSync.SnapshotKeepRecent = 2
	return cfg
}

// DefaultComet is the default config.toml: blocks about once a second.
func DefaultComet() *cmtcfg.Config {
	cfg := cmtcfg.DefaultConfig()
	cfg.Consensus.TimeoutPropose = 2 * time.Second
	cfg.Consensus.TimeoutCommit = time.Second
	return cfg
}

// template of app.toml.
const template = serverconfig.DefaultConfigTemplate + `
###############################################################################
###                         Health                                          ###
###############################################################################

# GET /health on the REST address answers 200 while the node follows its chain, else 503.
[health]

# Largest age of the last block with which the node counts as healthy. Several times the pause between blocks.
max-block-age = "{{ .Health.MaxBlockAge }}"
` + shardsTemplate

// Write writes the file app.toml, with comments.
func (c *App) Write(path string) {
	serverconfig.SetConfigTemplate(template)
	serverconfig.WriteConfigFile(path, c)
}
