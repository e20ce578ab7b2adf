package launch

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/node/home"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// operatorBalance in uop: enough for many governance deposits.
const operatorBalance = 1_000_000_000_000

// genesis of the service chain: its operators validate and govern, and the founder may link the main chain.
func genesis(app *servicechain.App, opts Options, f *founder, operators []operator, nodes []*home.Node) (*genutiltypes.AppGenesis, error) {
	state := app.DefaultGenesis()

	var ops operatorstypes.GenesisState
	app.Codec.MustUnmarshalJSON(state[operatorstypes.ModuleName], &ops)
	for i, n := range nodes {
		ops.Operators = append(ops.Operators, operatorstypes.Operator{
			Address: operators[i].Address, Moniker: n.Moniker, ConsensusKey: n.ConsensusKey.Bytes(), Power: 1,
		})
	}
	sort.Slice(ops.Operators, func(i, j int) bool { return ops.Operators[i].Address < ops.Operators[j].Address })
	state[operatorstypes.ModuleName] = app.Codec.MustMarshalJSON(&ops)

	var usage usagetypes.GenesisState
	app.Codec.MustUnmarshalJSON(state[usagetypes.ModuleName], &usage)
	usage.Chain = usagetypes.Chain{
		ServiceType: opts.Type, MainChainId: f.mainChainID, EpochBlocks: f.epochBlocks, Operator: f.key.Address(),
	}
	state[usagetypes.ModuleName] = app.Codec.MustMarshalJSON(&usage)

	if err := app.SetVotingPeriod(state, opts.VotingPeriod); err != nil {
		return nil, err
	}
	if err := accounts(app, state, operators, opts.GenesisAccounts); err != nil {
		return nil, err
	}
	if err := app.Basics.ValidateGenesis(app.Codec, app.TxConfig, state); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	bz, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, err
	}
	doc := genutiltypes.NewAppGenesisWithVersion(opts.ChainID, bz)
	doc.AppName = app.Name()
	doc.GenesisTime = time.Now().UTC() //determinism: written once into a file that all nodes share
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: base.ConsensusParams()}
	return doc, nil
}

// accounts gives operators their voting unit and makes the listed accounts known, so that they can sign from the first block.
func accounts(app *servicechain.App, state map[string]json.RawMessage, operators []operator, extra []string) error {
	var auth authtypes.GenesisState
	var bank banktypes.GenesisState
	app.Codec.MustUnmarshalJSON(state[authtypes.ModuleName], &auth)
	app.Codec.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
	seen := map[string]bool{}
	var list authtypes.GenesisAccounts
	add := func(addr string) error {
		acc, err := sdk.AccAddressFromBech32(addr)
		if err != nil {
			return fmt.Errorf("--genesis-account %q: %w", addr, err)
		}
		if !seen[addr] {
			seen[addr] = true
			list = append(list, authtypes.NewBaseAccount(acc, nil, 0, 0))
		}
		return nil
	}
	for _, o := range operators {
		if err := add(o.Address); err != nil {
			return err
		}
		coins := sdk.NewCoins(sdk.NewInt64Coin(base.OperatorDenom, operatorBalance))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: o.Address, Coins: coins})
		bank.Supply = bank.Supply.Add(coins...)
	}
	for _, addr := range extra {
		if err := add(addr); err != nil {
			return err
		}
	}
	packed, err := authtypes.PackAccounts(authtypes.SanitizeGenesisAccounts(list))
	if err != nil {
		return err
	}
	auth.Accounts = packed
	bank.Balances = banktypes.SanitizeGenesisBalances(bank.Balances)
	state[authtypes.ModuleName] = app.Codec.MustMarshalJSON(&auth)
	state[banktypes.ModuleName] = app.Codec.MustMarshalJSON(&bank)
	return nil
}
