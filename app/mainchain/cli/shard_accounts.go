package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/mainchain"
	shardcli "github.com/topnetwork/top/app/shardchain/cli"
)

// shardAccountsCommand is `genesis shard-accounts`.
func shardAccountsCommand(app *mainchain.App) *cobra.Command {
	return &cobra.Command{
		Use: "shard-accounts FILE", Args: cobra.ExactArgs(1),
		Short: "Have genesis.json hold the utop that shards begin with: those of FILE, an account in every line: ADDRESS COINS",
		Long: "Have genesis.json hold the utop that shards begin with: those of FILE, an account in every line: ADDRESS COINS.\n" +
			"`shard found --accounts` takes the same file when the chain runs, and no other sum. Coins on shards are the main chain's, in its gate's account (x/gate).",
		RunE: func(cmd *cobra.Command, args []string) error {
			file := server.GetServerContextFromCmd(cmd).Config.GenesisFile()
			state, doc, err := genutiltypes.GenesisStateFromGenFile(file)
			if err != nil {
				return fmt.Errorf("%w; make the node's home first (init)", err)
			}
			utop, err := shardcli.Issued(args[0])
			if err != nil {
				return err
			}
			if err := app.IssueToShards(state, utop); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if doc.AppState, err = json.MarshalIndent(state, "", "  "); err != nil {
				return err
			}
			return doc.SaveAs(file)
		},
	}
}
