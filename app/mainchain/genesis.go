package mainchain

import (
	"encoding/json"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
)

// adjustGenesis makes the SDK's defaults those of TOP.
func (a *App) adjustGenesis(state map[string]json.RawMessage) map[string]json.RawMessage {
	a.IBCGenesis(state)
	a.BankGenesis(state)
	a.stakingGenesis(state)
	return state
}

// stakingGenesis lets every candidate bond, for who is not bonded can neither be elected nor slashed, and keeps no validator sets per block: nobody reads them, and they
// would hold every candidate.
func (a *App) stakingGenesis(state map[string]json.RawMessage) {
	var gs stakingtypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[stakingtypes.ModuleName], &gs)
	gs.Params.MaxValidators, gs.Params.HistoricalEntries = maxCandidates, 0
	state[stakingtypes.ModuleName] = a.Codec.MustMarshalJSON(&gs)
}

// checkGenesis asks for somebody who makes blocks, and for one coin: another would be staked or deposited beside the TOP token. The modules have validated
// their own parts before.
func (a *App) checkGenesis(state map[string]json.RawMessage) error {
	var (
		genutil genutiltypes.GenesisState
		staking stakingtypes.GenesisState
		gov     govv1.GenesisState
	)
	a.Codec.MustUnmarshalJSON(state[genutiltypes.ModuleName], &genutil)
	a.Codec.MustUnmarshalJSON(state[stakingtypes.ModuleName], &staking)
	a.Codec.MustUnmarshalJSON(state[govtypes.ModuleName], &gov)
	type field struct{ name, denom string }
	fields := []field{{"staking.params.bond_denom", staking.Params.BondDenom}}
	for _, d := range []struct {
		name  string
		coins []sdk.Coin
	}{{"gov.params.min_deposit", gov.Params.MinDeposit}, {"gov.params.expedited_min_deposit", gov.Params.ExpeditedMinDeposit}} {
		for _, coin := range d.coins {
			fields = append(fields, field{d.name, coin.Denom})
		}
	}
	for _, f := range fields {
		if f.denom != base.Denom {
			return fmt.Errorf("%s is in %q: the main chain has one coin, set it to %q", f.name, f.denom, base.Denom)
		}
	}
	if err := a.checkSecurity(state, staking); err != nil {
		return err
	}
	if len(genutil.GenTxs) == 0 && len(staking.Validators) == 0 {
		return errors.New("there is no validator, nobody would make blocks: use `topchaind genesis gentx` and `genesis collect`")
	}
	return nil
}
