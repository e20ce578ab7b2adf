// Package cli is the command line of topserviced.
package cli

import (
	"github.com/spf13/cobra"

	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/launch"
)

// Main runs topserviced.
func Main() int {
	return daemon.Main(daemon.Chain{
		Name:  servicechain.Name,
		Short: "Node of a TOP service chain: books the usage of one service",
		New:   func(opts base.Options, load bool) daemon.App { return servicechain.New(opts, load) },
		GenesisCommands: func(app daemon.App, home string) *cobra.Command {
			cmd := &cobra.Command{Use: "genesis", Short: "Application's genesis-related subcommands"}
			cmd.AddCommand(
				genutilcli.ValidateGenesisCmd(app.Base().Basics),
				genutilcli.AddGenesisAccountCmd(home, app.Base().TxConfig.SigningContext().AddressCodec()),
			)
			return cmd
		},
		Commands: func(app daemon.App) []*cobra.Command {
			return []*cobra.Command{launch.Command(app.(*servicechain.App))}
		},
	})
}
