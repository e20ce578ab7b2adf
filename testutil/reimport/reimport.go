// Package reimport takes the state of a stopped node through export, validation, import and export again, as who restarts a chain from a genesis does.
package reimport

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/baseapp"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/process"
)

// Chain is what state is taken through: the program that exports and validates, and the same app in this process, which imports.
type Chain struct {
	ID, Kind string
	// Program is the daemon's file, Logs the folder for what it prints.
	Program, Logs string
	New           func(o base.Options, load bool) *base.App
}

// Open the app of a home at its latest height. Nothing else may have the database open.
func (c Chain) Open(t testing.TB, home string) (*base.App, dbm.DB) {
	t.Helper()
	db, err := dbm.NewDB("application", dbm.GoLevelDBBackend, filepath.Join(home, "data"))
	require.NoError(t, err)
	return c.New(base.Options{Logger: log.NewNopLogger(), DB: db, App: viper.New(), BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(c.ID)}}, true), db
}

// RoundTrip exports a home, imports that into another and exports it again: both must be equal, byte by byte. It returns the fields of the genesis and the other home. What
// must differ is initial_height: the imported chain's first block is the one that the export named.
func (c Chain) RoundTrip(t testing.TB, home string) (genesis map[string]json.RawMessage, imported string) {
	t.Helper()
	dir := t.TempDir()
	first, second, imported := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json"), filepath.Join(dir, "home")
	c.command(t, c.Kind+"-export", "export", "--home", home, "--output-document", first)
	c.command(t, c.Kind+"-validate", "genesis", "validate", first, "--home", home)
	c.begin(t, first, imported)
	c.command(t, c.Kind+"-export-again", "export", "--home", imported, "--output-document", second)

	before, after := fields(t, first), fields(t, second)
	genesis = maps.Clone(before)
	var height struct{ First, Second int64 }
	require.NoError(t, json.Unmarshal(before["initial_height"], &height.First))
	require.NoError(t, json.Unmarshal(after["initial_height"], &height.Second))
	require.Equal(t, height.First+1, height.Second)
	delete(before, "initial_height")
	delete(after, "initial_height")
	require.Equal(t, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	for field, was := range before {
		if field != "app_state" {
			require.Equal(t, string(was), string(after[field]), field)
			continue
		}
		modules, again := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(was, &modules))
		require.NoError(t, json.Unmarshal(after[field], &again))
		for module, state := range modules {
			require.Equal(t, string(state), string(again[module]), module)
		}
		require.True(t, bytes.Equal(was, after[field]), "app_state")
	}
	return genesis, imported
}

// begin a chain from a genesis file, in a new home, as a node does: InitChain with what CometBFT would say, then the commit of its state.
func (c Chain) begin(t testing.TB, file, home string) {
	t.Helper()
	for _, dir := range []string{"config", "data"} {
		require.NoError(t, os.MkdirAll(filepath.Join(home, dir), 0o700))
	}
	bz, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, "config", "genesis.json"), bz, 0o600))
	doc, err := genutiltypes.AppGenesisFromFile(file)
	require.NoError(t, err)
	genesis, err := doc.ToGenesisDoc()
	require.NoError(t, err)
	validators := make([]*cmttypes.Validator, len(genesis.Validators))
	for i, v := range genesis.Validators {
		validators[i] = cmttypes.NewValidator(v.PubKey, v.Power)
	}
	params := genesis.ConsensusParams.ToProto()

	app, db := c.Open(t, home)
	defer db.Close()
	_, err = app.InitChain(&abci.RequestInitChain{
		Time: genesis.GenesisTime, ChainId: genesis.ChainID, ConsensusParams: &params, InitialHeight: genesis.InitialHeight, AppStateBytes: genesis.AppState,
		Validators: cmttypes.TM2PB.ValidatorUpdates(cmttypes.NewValidatorSet(validators)),
	})
	require.NoError(t, err)
	// The state as InitChain left it, before any block: a block would mint, pay and drop what is due.
	app.NewContextLegacy(false, cmtproto.Header{}).MultiStore().(storetypes.CacheMultiStore).Write()
	require.Equal(t, genesis.InitialHeight, app.CommitMultiStore().Commit().Version)
}

// command runs the daemon to its end.
func (c Chain) command(t testing.TB, name string, args ...string) {
	t.Helper()
	_, err := process.Run(t.Context(), process.Spec{Name: name, Path: c.Program, Args: args, Log: filepath.Join(c.Logs, name+".log")})
	require.NoError(t, err)
}

// fields of a genesis file, as their bytes.
func fields(t testing.TB, file string) map[string]json.RawMessage {
	t.Helper()
	bz, err := os.ReadFile(file)
	require.NoError(t, err)
	out := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(bz, &out))
	require.NotEmpty(t, out["app_state"])
	return out
}
