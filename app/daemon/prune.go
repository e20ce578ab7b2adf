package daemon

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"

	"github.com/topnetwork/top/node/config"
)

// guardPrune refuses what would prune nothing and be called a success, and numbers for which the SDK advises a pruning that `start` refuses.
func guardPrune(cmd *cobra.Command) {
	prune := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var method string
		if len(args) > 0 {
			method = strings.ToLower(args[0])
		}
		switch method {
		case pruningtypes.PruningOptionNothing:
			return errors.New("nothing was pruned, for `nothing` keeps every state: choose default, everything or custom")
		case pruningtypes.PruningOptionCustom:
			keep, err := cmd.Flags().GetUint64(server.FlagPruningKeepRecent)
			if err != nil {
				return err
			}
			interval, err := cmd.Flags().GetUint64(server.FlagPruningInterval)
			if err != nil {
				return err
			}
			if err := config.CheckCustomPruning(keep, interval); err != nil {
				return err
			}
		case "", pruningtypes.PruningOptionDefault, pruningtypes.PruningOptionEverything:
		default:
			return fmt.Errorf("there is no pruning %q: choose default, everything or custom", args[0])
		}
		return prune(cmd, args)
	}
}
