package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/sortition"
)

// nodeKeysCommand is `node-keys`: what an operator registers of this node.
func nodeKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "node-keys OPERATOR",
		Short: "Print hot address, VRF key and proof of possession of this node for `tx stake register-node`, as JSON; makes the keys where there are none",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := sdk.AccAddressFromBech32(args[0])
			if err != nil {
				return fmt.Errorf("operator %q: %w; name the account behind the validator, top1…", args[0], err)
			}
			comet := server.GetServerContextFromCmd(cmd).Config
			doc, err := genutiltypes.AppGenesisFromFile(comet.GenesisFile())
			if err != nil {
				return fmt.Errorf("%w; the proof is bound to the chain: make the node's home first (init), with the chain's genesis", err)
			}
			keys, err := sortition.EnsureKeys(comet.RootDir)
			if err != nil {
				return err
			}
			registration, err := keys.Registration(doc.ChainID, operator.String())
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(registration)
		},
	}
}
