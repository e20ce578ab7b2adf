package servicechain

import (
	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/config"
)

// NodeConfig is the default app.toml of a service chain's node: such a chain has no coins to take fees in.
func NodeConfig() *config.App {
	cfg := config.DefaultApp()
	cfg.MinGasPrices = "0" + base.OperatorDenom
	return cfg
}
