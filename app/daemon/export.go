package daemon

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

// dateAfter makes the genesis that `export` writes begin after the last block of its state; the SDK keeps the old chain's genesis_time. The first block has exactly
// that time, and a block that is higher than another and earlier is proof of misbehaviour: anybody could have frozen the light clients that follow the chain.
func dateAfter(cmd *cobra.Command, last *time.Time) {
	export := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := cmd.Flags().GetString(flags.FlagOutputDocument)
		if err != nil {
			return err
		}
		stdout := cmd.OutOrStdout()
		var printed bytes.Buffer
		cmd.SetOut(&printed)
		defer cmd.SetOut(stdout)
		if err := export(cmd, args); err != nil {
			return err
		}
		var genesis *genutiltypes.AppGenesis
		if file != "" {
			genesis, err = genutiltypes.AppGenesisFromFile(file)
		} else {
			genesis, err = genutiltypes.AppGenesisFromReader(&printed)
		}
		if err != nil {
			return err
		}
		if !last.IsZero() {
			genesis.GenesisTime = last.Add(time.Millisecond).UTC()
		}
		if file != "" {
			return genesis.SaveAs(file)
		}
		return json.NewEncoder(stdout).Encode(genesis)
	}
}
