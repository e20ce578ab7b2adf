// Package cli is the command line of topserviced.
package cli

import (
	"github.com/spf13/cobra"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	"github.com/topnetwork/top/app/servicechain/launch"
	"github.com/topnetwork/top/app/servicechain/testnet"
)

// Main runs topserviced.
func Main() int { return daemon.Main(Chain()) }

// Chain is what distinguishes topserviced from other daemons.
func Chain() daemon.Chain {
	return daemon.Chain{
		Name:       servicechain.Name,
		Short:      "Node of a TOP service chain: books the usage of one service",
		New:        func(opts base.Options, load bool) daemon.App { return servicechain.New(opts, load) },
		Coin:       base.OperatorDenom,
		NodeConfig: servicechain.NodeConfig,
		GenesisCommands: func(app daemon.App, home string) *cobra.Command {
			return genesis.Command(app.(*servicechain.App), home)
		},
		Commands: func(app daemon.App) []*cobra.Command {
			return []*cobra.Command{launch.Command(app.(*servicechain.App)), testnet.Command(app.(*servicechain.App))}
		},
	}
}
