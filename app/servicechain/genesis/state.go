// Package genesis prepares the genesis of a service chain by hand: what `launch` does in one step for a founder with all nodes, these commands do for
// operators who each keep their own keys.
package genesis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// State is a genesis by module.
type State = map[string]json.RawMessage

// AddOperator puts a validator into a genesis: into x/operators, and as an account with units for governance deposits (in uop). An operator that is there
// with the same key and power changes nothing.
func AddOperator(cdc codec.Codec, state State, o operatorstypes.Operator, uop int64) error {
	if err := o.Validate(); err != nil {
		return err
	}
	var gs operatorstypes.GenesisState
	if err := cdc.UnmarshalJSON(state[operatorstypes.ModuleName], &gs); err != nil {
		return fmt.Errorf("genesis of %s: %w", operatorstypes.ModuleName, err)
	}
	i, found := slices.BinarySearchFunc(gs.Operators, o.Address, func(p operatorstypes.Operator, address string) int { return strings.Compare(p.Address, address) })
	if found {
		if have := gs.Operators[i]; have.Power != o.Power || !slices.Equal(have.ConsensusKey, o.ConsensusKey) {
			return fmt.Errorf("%s is already an operator, with another consensus key or power: remove it from app_state.operators in genesis.json first", o.Address)
		}
		return nil
	}
	gs.Operators = slices.Insert(gs.Operators, i, o)
	if err := gs.Validate(); err != nil {
		return err
	}
	bz, err := cdc.MarshalJSON(&gs)
	if err != nil {
		return err
	}
	state[operatorstypes.ModuleName] = bz
	return addAccount(cdc, state, o.Address, uop)
}

// addAccount makes an account known, unless it is, and gives a new one its uop.
func addAccount(cdc codec.Codec, state State, address string, uop int64) error {
	acc, err := sdk.AccAddressFromBech32(address)
	if err != nil {
		return fmt.Errorf("account %q: %w", address, err)
	}
	var auth authtypes.GenesisState
	if err := cdc.UnmarshalJSON(state[authtypes.ModuleName], &auth); err != nil {
		return fmt.Errorf("genesis of %s: %w", authtypes.ModuleName, err)
	}
	accounts, err := authtypes.UnpackAccounts(auth.Accounts)
	if err != nil {
		return err
	}
	if accounts.Contains(acc) {
		return nil
	}
	if auth.Accounts, err = authtypes.PackAccounts(authtypes.SanitizeGenesisAccounts(append(accounts, authtypes.NewBaseAccount(acc, nil, 0, 0)))); err != nil {
		return err
	}
	bz, err := cdc.MarshalJSON(&auth)
	if err != nil {
		return err
	}
	state[authtypes.ModuleName] = bz
	if uop == 0 {
		return nil
	}
	var bank banktypes.GenesisState
	if err := cdc.UnmarshalJSON(state[banktypes.ModuleName], &bank); err != nil {
		return fmt.Errorf("genesis of %s: %w", banktypes.ModuleName, err)
	}
	coins := sdk.NewCoins(sdk.NewInt64Coin(base.OperatorDenom, uop))
	bank.Balances = banktypes.SanitizeGenesisBalances(append(bank.Balances, banktypes.Balance{Address: address, Coins: coins}))
	bank.Supply = bank.Supply.Add(coins...)
	if bz, err = cdc.MarshalJSON(&bank); err != nil {
		return err
	}
	state[banktypes.ModuleName] = bz
	return nil
}

// SetChain says what the chain is: its service, the main chain that it will be linked to, that chain's epoch length, and who may link it.
func SetChain(cdc codec.Codec, state State, chain usagetypes.Chain) error {
	if err := servicechain.CheckChain(chain); err != nil {
		return err
	}
	var gs usagetypes.GenesisState
	if err := cdc.UnmarshalJSON(state[usagetypes.ModuleName], &gs); err != nil {
		return fmt.Errorf("genesis of %s: %w", usagetypes.ModuleName, err)
	}
	// The default windows are for the main chain's default epochs, and those of an earlier set-chain for its epochs; whoever has set others is told when they do not fit.
	untouched := gs.Params == usagetypes.DefaultParams() || gs.Chain.EpochBlocks > 0 && gs.Params == usagetypes.ParamsFor(gs.Chain.EpochBlocks)
	gs.Chain = chain
	if untouched && chain.EpochBlocks > 0 {
		gs.Params = usagetypes.ParamsFor(chain.EpochBlocks)
	}
	if err := gs.Validate(); err != nil {
		return err
	}
	bz, err := cdc.MarshalJSON(&gs)
	state[usagetypes.ModuleName] = bz
	return err
}
