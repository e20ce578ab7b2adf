package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtcfg "github.com/cometbft/cometbft/config"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
)

func (c Chain) validateGenesisCommand() *cobra.Command {
	return &cobra.Command{
		Use: "validate [FILE]", Aliases: []string{"validate-genesis"}, Args: cobra.MaximumNArgs(1),
		Short: "Say whether a chain can start from the home's genesis.json, or from FILE: begins one in memory",
		RunE: func(cmd *cobra.Command, args []string) error {
			file := server.GetServerContextFromCmd(cmd).Config.GenesisFile()
			if len(args) > 0 {
				file = args[0]
			}
			if err := c.checkGenesis(file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is a valid genesis file\n", file)
			return err
		},
	}
}

// checkGenesis refuses a file from which no chain can start. It begins the chain in memory, up to its first block.
func (c Chain) checkGenesis(file string) error {
	doc, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return fmt.Errorf("%w; make one with `%s init`", err, c.Name)
	}
	if err := base.CheckGenesis(doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := c.begin(doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// begin runs the first block of a chain that nobody keeps.
func (c Chain) begin(doc *genutiltypes.AppGenesis) (err error) {
	defer func() { panicError(recover(), &err) }()
	comet, err := doc.ToGenesisDoc()
	if err != nil {
		return err
	}
	if err := comet.ValidateAndComplete(); err != nil {
		return err
	}
	app := c.New(base.Options{
		Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New(),
		// Pruning beside the blocks would leave a goroutine per store behind.
		BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(doc.ChainID), baseapp.SetIAVLSyncPruning(true)},
	}, true)
	var validators []*cmttypes.Validator
	for _, v := range comet.Validators {
		validators = append(validators, cmttypes.NewValidator(v.PubKey, v.Power))
	}
	params := comet.ConsensusParams.ToProto()
	started, err := app.Base().InitChain(&abci.RequestInitChain{
		Time: comet.GenesisTime, ChainId: comet.ChainID, InitialHeight: comet.InitialHeight, ConsensusParams: &params, AppStateBytes: comet.AppState,
		Validators: cmttypes.TM2PB.ValidatorUpdates(cmttypes.NewValidatorSet(validators)),
	})
	if err != nil {
		return err
	}
	set, err := cmttypes.PB2TM.ValidatorUpdates(started.Validators)
	if err != nil {
		return err
	}
	proposer := cmttypes.NewValidatorSet(set).GetProposer()
	_, err = app.Base().FinalizeBlock(&abci.RequestFinalizeBlock{Height: comet.InitialHeight, Time: comet.GenesisTime, ProposerAddress: proposer.Address})
	return err
}

// checkNewborn refuses a first start from a bad genesis: CometBFT would keep the file in its database before it finds the fault, and go on with it when the file is mended.
func (c Chain) checkNewborn(comet *cmtcfg.Config) error {
	if _, err := os.Stat(filepath.Join(comet.DBDir(), "state.db")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.checkGenesis(comet.GenesisFile())
}
