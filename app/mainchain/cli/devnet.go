package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// devnetCommand is `genesis devnet`.
func devnetCommand(app *base.App) *cobra.Command {
	return &cobra.Command{
		Use: "devnet", Args: cobra.NoArgs,
		Short: "Let the chain of genesis.json begin with a handful of validators: small committees, for networks without value",
		Long: "Let the chain of genesis.json begin with a handful of validators: small committees, for networks without value.\n" +
			"A public network begins with 100 validators; what is written here can never be taken back on the chain.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			file := server.GetServerContextFromCmd(cmd).Config.GenesisFile()
			state, doc, err := genutiltypes.GenesisStateFromGenFile(file)
			if err != nil {
				return fmt.Errorf("%w; make the node's home first (init)", err)
			}
			var billing billingtypes.GenesisState
			var sortition sortitiontypes.GenesisState
			if err := app.Codec.UnmarshalJSON(state[billingtypes.ModuleName], &billing); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if err := app.Codec.UnmarshalJSON(state[sortitiontypes.ModuleName], &sortition); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			sortition.Devnet, sortition.Params = true, sortitiontypes.DevnetParams(billing.EpochBlocks)
			if state[sortitiontypes.ModuleName], err = app.Codec.MarshalJSON(&sortition); err != nil {
				return err
			}
			if doc.AppState, err = json.MarshalIndent(state, "", "  "); err != nil {
				return err
			}
			return doc.SaveAs(file)
		},
	}
}
