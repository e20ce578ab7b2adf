package servicechain

import (
	"context"
	"encoding/json"

	sdk "github.com/cosmos/cosmos-sdk/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/app/base"
)

// burnPool stands where x/gov expects a community pool. A service chain has none: what a cancelled proposal would be charged is burned.
type burnPool struct{ bank bankkeeper.Keeper }

// FundCommunityPool burns the coins of sender, which is always the gov module account.
func (p burnPool) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	if err := p.bank.SendCoinsFromAccountToModule(ctx, sender, govtypes.ModuleName, amount); err != nil {
		return err
	}
	return p.bank.BurnCoins(ctx, govtypes.ModuleName, amount)
}

// govGenesis takes deposits in the operators' own unit: main-chain coins never come here.
func (a *App) govGenesis(state map[string]json.RawMessage) {
	var gs govv1.GenesisState
	a.Codec.MustUnmarshalJSON(state[govtypes.ModuleName], &gs)
	for _, coins := range [][]sdk.Coin{gs.Params.MinDeposit, gs.Params.ExpeditedMinDeposit} {
		for i := range coins {
			coins[i].Denom = base.OperatorDenom
		}
	}
	state[govtypes.ModuleName] = a.Codec.MustMarshalJSON(&gs)
}
