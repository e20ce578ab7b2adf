package genesis

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/servicechain"
)

// Command is `genesis` of a service chain.
func Command(app *servicechain.App, home string) *cobra.Command {
	cmd := &cobra.Command{Use: "genesis", Short: "Prepare the genesis of a service chain"}
	cmd.AddCommand(
		genutilcli.AddGenesisAccountCmd(home, app.TxConfig.SigningContext().AddressCodec()),
		setChainCommand(app), addOperatorCommand(app), gentxCommand(), collectCommand(app),
	)
	return cmd
}

// genesisFile of the command's home.
func genesisFile(cmd *cobra.Command) string {
	return server.GetServerContextFromCmd(cmd).Config.GenesisFile()
}

// read loads a genesis and its state by module.
func read(file string) (*genutiltypes.AppGenesis, State, error) {
	doc, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w; make one with `topserviced init`", file, err)
	}
	var state State
	if err := json.Unmarshal(doc.AppState, &state); err != nil {
		return nil, nil, fmt.Errorf("%s: app_state: %w", file, err)
	}
	return doc, state, nil
}

// edit changes the state in the home's genesis.json and writes it back if it is still valid.
func edit(cmd *cobra.Command, app *servicechain.App, change func(chainID string, state State) error) error {
	file := genesisFile(cmd)
	doc, state, err := read(file)
	if err != nil {
		return err
	}
	if err := change(doc.ChainID, state); err != nil {
		return err
	}
	if err := app.Basics.ValidateGenesis(app.Codec, app.TxConfig, state); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if doc.AppState, err = json.MarshalIndent(state, "", "  "); err != nil {
		return err
	}
	return doc.SaveAs(file)
}

// addKeyringFlags for commands that look a key up by name.
func addKeyringFlags(cmd *cobra.Command) {
	cmd.Flags().String(flags.FlagKeyringBackend, flags.DefaultKeyringBackend, "where keys are kept (os|file|test)")
}

// homeOf the command.
func homeOf(cmd *cobra.Command) string { return client.GetClientContextFromCmd(cmd).HomeDir }
