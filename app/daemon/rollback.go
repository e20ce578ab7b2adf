package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/state"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
)

// guardRollback refuses to remove a block that nobody could make again.
func guardRollback(cmd *cobra.Command) {
	rollback := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		hard, err := cmd.Flags().GetBool("hard")
		if err != nil {
			return err
		}
		if hard {
			if err := checkRemovable(server.GetServerContextFromCmd(cmd).Config); err != nil {
				return err
			}
		}
		return rollback(cmd, args)
	}
}

// checkRemovable: a validator never signs two blocks of one height, which its priv_validator_state.json remembers. Others hold the block that it removes and give it
// back; one that decides alone would wait for ever.
func checkRemovable(comet *cmtcfg.Config) error {
	if _, err := os.Stat(comet.PrivValidatorKeyFile()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := cmtcfg.DefaultDBProvider(&cmtcfg.DBContext{ID: "state", Config: comet})
	if err != nil {
		return err
	}
	last, err := state.NewStore(db, state.StoreOptions{}).Load()
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if last.IsEmpty() {
		return nil
	}
	signer := privval.LoadFilePV(comet.PrivValidatorKeyFile(), comet.PrivValidatorStateFile())
	return removable(last, signer)
}

func removable(last state.State, signer *privval.FilePV) error {
	_, own := last.LastValidators.GetByAddress(signer.GetAddress())
	if own == nil || signer.LastSignState.Height < last.LastBlockHeight || own.VotingPower <= last.LastValidators.TotalVotingPower()*2/3 {
		return nil
	}
	return fmt.Errorf("--hard: this validator decides alone (%d of %d votes) and has signed block %d: it never signs another of that height, so that no block would follow; "+
		"use rollback without --hard, which keeps the block and executes it again", own.VotingPower, last.LastValidators.TotalVotingPower(), signer.LastSignState.Height)
}
