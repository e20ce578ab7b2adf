package daemon

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/rpc"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// waitOnce bounds one look of wait-tx.
const waitOnce = 3 * time.Second

// waitTxCommand is the SDK's, which looks once for the transaction in the index and then for its event: one whose event has passed and that is not indexed yet would
// be waited for in vain. So it looks again and again.
func waitTxCommand() *cobra.Command {
	cmd := rpc.WaitTxCmd()
	look := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		patience, err := cmd.Flags().GetDuration(rpc.TimeoutFlag)
		if err != nil {
			return err
		}
		var in []byte
		if len(args) == 0 {
			if in, err = io.ReadAll(cmd.InOrStdin()); err != nil {
				return err
			}
		}
		return again(patience, func(d time.Duration) error {
			cmd.SetIn(bytes.NewReader(in))
			if err := cmd.Flags().Set(rpc.TimeoutFlag, d.String()); err != nil {
				return err
			}
			return look(cmd, args)
		})
	}
	return cmd
}

// again looks for at most patience, in parts, while the SDK says that it has waited in vain.
func again(patience time.Duration, look func(time.Duration) error) error {
	for {
		part := min(patience, waitOnce)
		err := look(part)
		if patience -= part; patience <= 0 || !errors.Is(err, sdkerrors.ErrLogic) {
			return err
		}
	}
}
