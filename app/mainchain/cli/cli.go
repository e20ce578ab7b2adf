// Package cli is the command line of topchaind.
package cli

import (
	"github.com/spf13/cobra"

	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/app/mainchain/testnet"
	shardcli "github.com/topnetwork/top/app/shardchain/cli"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/sortition"
)

// Main runs topchaind.
func Main() int { return daemon.Main(Chain()) }

// Chain is what distinguishes topchaind from other daemons.
func Chain() daemon.Chain {
	return daemon.Chain{
		Name:       mainchain.Name,
		Short:      "Node of the TOP main chain: settlement and governance",
		Coin:       base.Denom,
		NodeConfig: config.DefaultApp,
		New:        func(opts base.Options, load bool) daemon.App { return mainchain.New(opts, load) },
		GenesisCommands: func(app daemon.App, home string) *cobra.Command {
			cmd := genutilcli.Commands(app.Base().TxConfig, app.Base().Basics, home)
			cmd.AddCommand(devnetCommand(app.Base()), shardAccountsCommand(app.(*mainchain.App)))
			return cmd
		},
		Commands: func(app daemon.App) []*cobra.Command {
			return []*cobra.Command{testnet.Command(app.(*mainchain.App)), nodeKeysCommand(), shardcli.Command()}
		},
		Prepare: func(home string) error {
			_, err := sortition.EnsureKeys(home)
			return err
		},
		Beside: beside,
		Hosts:  true,
	}
}
