package mainchain

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	gatetypes "github.com/topnetwork/top/x/gate/types"
)

// IssueToShards has a genesis hold, in the gate's account, the utop that the genesis of all shards gives to accounts there (x/gate): what is on shards is the network's, and none of it is out of nothing.
// It replaces what the genesis had before; 0 is for shards that begin without accounts.
func (a *App) IssueToShards(state map[string]json.RawMessage, utop uint64) error {
	if utop > math.MaxInt64 {
		return fmt.Errorf("%d utop on shards: accounts of a network hold %d at most", utop, int64(math.MaxInt64))
	}
	var gate gatetypes.GenesisState
	var bank banktypes.GenesisState
	if err := a.Codec.UnmarshalJSON(state[gatetypes.ModuleName], &gate); err != nil {
		return fmt.Errorf("app_state.%s: %w", gatetypes.ModuleName, err)
	}
	if err := a.Codec.UnmarshalJSON(state[banktypes.ModuleName], &bank); err != nil {
		return fmt.Errorf("app_state.%s: %w", banktypes.ModuleName, err)
	}
	if len(gate.Inboxes)+len(gate.Outboxes)+len(gate.Queue)+len(gate.Leaving) > 0 {
		return fmt.Errorf("app_state.%s has batches of a network that runs: what was issued to its shards stays as it is", gatetypes.ModuleName)
	}
	gate.Issued = utop
	account := authtypes.NewModuleAddress(gatetypes.ModuleName).String()
	// A supply that is left out is the sum of the balances: x/bank adds it up.
	stated := len(bank.Supply) > 0 || len(bank.Balances) == 0
	bank.Balances = slices.DeleteFunc(bank.Balances, func(b banktypes.Balance) bool {
		if b.Address != account {
			return false
		}
		if stated {
			bank.Supply = bank.Supply.Sub(b.Coins...)
		}
		return true
	})
	if utop > 0 {
		coins := sdk.NewCoins(sdk.NewCoin(base.Denom, sdkmath.NewIntFromUint64(utop)))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: account, Coins: coins})
		if stated {
			bank.Supply = bank.Supply.Add(coins...)
		}
	}
	bank.Balances = banktypes.SanitizeGenesisBalances(bank.Balances)
	var err error
	if state[gatetypes.ModuleName], err = a.Codec.MarshalJSON(&gate); err != nil {
		return err
	}
	state[banktypes.ModuleName], err = a.Codec.MarshalJSON(&bank)
	return err
}
