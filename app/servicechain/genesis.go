package servicechain

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/topnetwork/top/app/base"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// adjustGenesis makes the SDK's defaults those of a service chain.
func (a *App) adjustGenesis(state map[string]json.RawMessage) map[string]json.RawMessage {
	a.IBCGenesis(state)
	a.govGenesis(state)
	return state
}

// checkGenesis says what a valid genesis still lacks before a chain can start from it. The modules have validated their own parts before.
func (a *App) checkGenesis(state map[string]json.RawMessage) error {
	var ops operatorstypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[operatorstypes.ModuleName], &ops)
	if len(ops.Operators) == 0 {
		return errors.New("app_state.operators is empty, nobody would make blocks: use `topserviced genesis gentx` and `collect`, or `add-operator`")
	}
	var usage usagetypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[usagetypes.ModuleName], &usage)
	return CheckChain(usage.Chain)
}

// CheckChain refuses a chain that does not say what it is, and what no main chain would register.
func CheckChain(chain usagetypes.Chain) error {
	for _, missing := range []struct{ value, field, flag string }{
		{chain.ServiceType, "service_type", "--type"},
		{chain.MainChainId, "main_chain_id", "--main-chain-id"},
		{chain.Operator, "operator", "--operator"},
	} {
		if missing.value == "" {
			return fmt.Errorf("app_state.usage.chain.%s is empty: give it with `topserviced genesis set-chain %s …`", missing.field, missing.flag)
		}
	}
	if err := base.CheckChainID(chain.MainChainId); err != nil {
		return fmt.Errorf("main chain %q %w", chain.MainChainId, err)
	}
	return servicestypes.ValidateTypeName(chain.ServiceType)
}
