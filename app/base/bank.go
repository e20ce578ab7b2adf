package base

import (
	"encoding/json"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// BankGenesis adds the TOP token's metadata, from which wallets take name and decimals.
func (a *App) BankGenesis(state map[string]json.RawMessage) {
	var gs banktypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[banktypes.ModuleName], &gs)
	gs.DenomMetadata = []banktypes.Metadata{{
		Description: "The token of the TOP network: it pays for services and secures the ledger.",
		DenomUnits:  []*banktypes.DenomUnit{{Denom: Denom}, {Denom: DisplayDenom, Exponent: Exponent}},
		Base:        Denom, Display: DisplayDenom, Name: "TOP", Symbol: "TOP",
	}}
	state[banktypes.ModuleName] = a.Codec.MustMarshalJSON(&gs)
}
