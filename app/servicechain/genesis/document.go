package genesis

import (
	"encoding/json"
	"fmt"
	"time"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/servicechain"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// OperatorUop is what each first operator owns, in uop: enough for many governance deposits.
const OperatorUop = 1_000_000_000_000

// Founding is what a new chain begins with.
type Founding struct {
	ChainID      string
	Chain        usagetypes.Chain
	VotingPeriod time.Duration
	Operators    []operatorstypes.Operator
	// Accounts that exist from the start beside the operators', bech32.
	Accounts []string
}

// Document is the whole genesis of a new chain, valid or an error.
func Document(app *servicechain.App, f Founding) (*genutiltypes.AppGenesis, error) {
	doc, err := daemon.NewGenesis(app, f.ChainID)
	if err != nil {
		return nil, err
	}
	var state State
	if err := json.Unmarshal(doc.AppState, &state); err != nil {
		return nil, err
	}
	if err := app.SetVotingPeriod(state, f.VotingPeriod); err != nil {
		return nil, err
	}
	if err := SetChain(app.Codec, state, f.Chain); err != nil {
		return nil, err
	}
	for _, o := range f.Operators {
		if err := AddOperator(app.Codec, state, o, OperatorUop); err != nil {
			return nil, err
		}
	}
	for _, address := range f.Accounts {
		if err := addAccount(app.Codec, state, address, 0); err != nil {
			return nil, err
		}
	}
	if err := app.Basics.ValidateGenesis(app.Codec, app.TxConfig, state); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	doc.AppState, err = json.MarshalIndent(state, "", "  ")
	return doc, err
}
