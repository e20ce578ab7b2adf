package base

import (
	"encoding/json"
	"fmt"
	"time"

	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// DefaultVotingPeriod of a proposal.
const DefaultVotingPeriod = 48 * time.Hour

// minVotingPeriod leaves room for the expedited one, which is half as long.
const minVotingPeriod = 2 * time.Second

// SetVotingPeriod writes how long proposals are voted on, and how long they may wait for their deposit, into a genesis.
func (a *App) SetVotingPeriod(state map[string]json.RawMessage, period time.Duration) error {
	if period < minVotingPeriod {
		return fmt.Errorf("--voting-period is %s: it must be at least %s", period, minVotingPeriod)
	}
	var gs govv1.GenesisState
	a.Codec.MustUnmarshalJSON(state[govtypes.ModuleName], &gs)
	expedited := period / 2
	gs.Params.VotingPeriod, gs.Params.ExpeditedVotingPeriod, gs.Params.MaxDepositPeriod = &period, &expedited, &period
	state[govtypes.ModuleName] = a.Codec.MustMarshalJSON(&gs)
	return nil
}
