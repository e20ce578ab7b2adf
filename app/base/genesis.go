package base

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"

	servicestypes "github.com/topnetwork/top/x/services/types"
)

// CheckChainID refuses ids that some part of the network could not work with: light clients follow upgrades by the revision, the main chain registers no others.
func CheckChainID(id string) error {
	if !clienttypes.IsRevisionFormat(id) {
		return errors.New("must end in a revision, e.g. top-main-1: light clients follow upgrades by it")
	}
	if servicestypes.ValidateChainID(id) != nil || len(id) > cmttypes.MaxChainIDLen {
		return fmt.Errorf(`must be at most %d small letters, digits, "." and "-", e.g. top-main-1`, cmttypes.MaxChainIDLen)
	}
	return nil
}

// CheckGenesis refuses a document that no chain could start from, and one without block limits. What is in app_state, the chain checks when it begins.
func CheckGenesis(doc *genutiltypes.AppGenesis) error {
	if err := CheckChainID(doc.ChainID); err != nil {
		return fmt.Errorf("chain_id %q %w", doc.ChainID, err)
	}
	if doc.Consensus == nil || doc.Consensus.Params == nil {
		return errors.New("consensus.params is missing: take it from the genesis.json that `init` writes")
	}
	limits, usual := doc.Consensus.Params, ConsensusParams()
	for _, l := range []struct {
		name        string
		have, usual int64
	}{
		{"block.max_bytes", limits.Block.MaxBytes, usual.Block.MaxBytes}, {"block.max_gas", limits.Block.MaxGas, usual.Block.MaxGas},
		{"evidence.max_bytes", limits.Evidence.MaxBytes, usual.Evidence.MaxBytes},
	} {
		if l.have <= 0 {
			return fmt.Errorf("consensus.params.%s is %d: blocks need a limit above 0, usually %d", l.name, l.have, l.usual)
		}
	}
	return doc.ValidateAndComplete()
}

// SetGenesisCheck adds what a chain asks of its genesis beyond what its modules check one by one.
func (a *App) SetGenesisCheck(check func(map[string]json.RawMessage) error) { a.checkGenesis = check }

// SetBeginCheck adds what a chain asks of its state once its modules have begun: consensus parameters stand outside app_state.
func (a *App) SetBeginCheck(check func(sdk.Context) error) { a.checkBegun = check }

// initChainer refuses a genesis that does not validate: a node must not start on books that do not add up.
func (a *App) initChainer(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var state map[string]json.RawMessage
	if err := json.Unmarshal(req.AppStateBytes, &state); err != nil {
		return nil, fmt.Errorf("genesis app_state: %w", err)
	}
	if err := a.validateState(state); err != nil {
		return nil, fmt.Errorf("genesis app_state: %w", err)
	}
	if err := a.Upgrade.SetModuleVersionMap(ctx, a.Modules.GetVersionMap()); err != nil {
		return nil, err
	}
	res, err := a.Modules.InitGenesis(ctx, a.Codec, state)
	if err != nil {
		return res, err
	}
	params, err := a.Consensus.ParamsStore.Get(ctx)
	if err != nil {
		return res, err
	}
	if err := checkConsensus(params, params); err != nil {
		return res, fmt.Errorf("genesis: %w", err)
	}
	if a.checkBegun == nil {
		return res, nil
	}
	return res, a.checkBegun(ctx)
}

// validateState of a genesis by module.
func (a *App) validateState(state map[string]json.RawMessage) error {
	for _, name := range sortedKeys(state) {
		if _, known := a.Modules.Modules[name]; !known {
			return fmt.Errorf("%q is no module of %s, which has %s: is this another chain's genesis?", name, a.Name(), strings.Join(sortedKeys(a.Modules.Modules), ", "))
		}
	}
	if err := a.Basics.ValidateGenesis(a.Codec, a.TxConfig, state); err != nil {
		return err
	}
	if a.checkGenesis == nil {
		return nil
	}
	return a.checkGenesis(state)
}
