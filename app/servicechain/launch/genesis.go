package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	"github.com/topnetwork/top/node/home"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// founding is what the options say of the chain; its validators are missing.
func founding(opts Options, f *founder) genesis.Founding {
	return genesis.Founding{
		ChainID: opts.ChainID, VotingPeriod: opts.VotingPeriod, Accounts: opts.GenesisAccounts,
		Chain: usagetypes.Chain{ServiceType: opts.Type, MainChainId: f.mainChainID, EpochBlocks: f.epochBlocks, Operator: f.key.Address()},
	}
}

// checkDocument refuses options of which no genesis can be made. Nobody holds the key of its validator.
func checkDocument(app *servicechain.App, opts Options, f *founder) error {
	trial := founding(opts, f)
	trial.Operators = []operatorstypes.Operator{{Address: f.key.Address(), ConsensusKey: ed25519.GenPrivKey().PubKey().Bytes(), Power: 1}}
	_, err := genesis.Document(app, trial)
	return err
}

// document is the chain's genesis: its operators validate and govern, and the founder may link the main chain.
func document(app *servicechain.App, opts Options, f *founder, operators []operator, nodes []*home.Node) (*genutiltypes.AppGenesis, error) {
	begin := founding(opts, f)
	for i, n := range nodes {
		begin.Operators = append(begin.Operators, operatorstypes.Operator{
			Address: operators[i].Address, Moniker: n.Moniker, ConsensusKey: n.ConsensusKey.Bytes(), Power: 1,
		})
	}
	return genesis.Document(app, begin)
}

// checkComplete refuses a chain that has its genesis and no longer the keys that it names: new ones would be nobody's.
func checkComplete(dir string, nodes int) error {
	if _, err := os.Stat(filepath.Join(dir, genesisFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	files := []string{operatorsFile}
	for i := range nodes {
		folder := filepath.Join(fmt.Sprintf("node%d", i), "config")
		files = append(files, filepath.Join(folder, "priv_validator_key.json"), filepath.Join(folder, "node_key.json"))
	}
	for _, file := range files {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing, and the genesis names its keys: put it back from a backup, or choose another --home for another chain", path)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// checkValidators refuses a genesis that does not name the nodes' keys: such a node would run and never make a block.
func checkValidators(app *servicechain.App, doc *genutiltypes.AppGenesis, operators []operator, nodes []*home.Node) error {
	var state genesis.State
	if err := json.Unmarshal(doc.AppState, &state); err != nil {
		return fmt.Errorf("%s: app_state: %w", genesisFile, err)
	}
	var gs operatorstypes.GenesisState
	if err := app.Codec.UnmarshalJSON(state[operatorstypes.ModuleName], &gs); err != nil {
		return fmt.Errorf("%s: %w", genesisFile, err)
	}
	for i, n := range nodes {
		named := slices.ContainsFunc(gs.Operators, func(o operatorstypes.Operator) bool {
			return o.Address == operators[i].Address && bytes.Equal(o.ConsensusKey, n.ConsensusKey.Bytes())
		})
		if !named {
			return fmt.Errorf("%s: %s of %s is no validator of the genesis: put the first priv_validator_key.json and %s back from a backup, or choose another --home for another chain",
				n.Home, n, operators[i].Address, operatorsFile)
		}
	}
	return nil
}
