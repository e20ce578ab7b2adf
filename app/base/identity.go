package base

import sdk "github.com/cosmos/cosmos-sdk/types"

// What every TOP chain shares with wallets.
const (
	// Bech32Prefix of account addresses; validator and consensus addresses add "valoper" and "valcons".
	Bech32Prefix = "top"
	// Denom is the base unit of the main chain's token: 1 TOP = 10^6 utop.
	Denom = "utop"
	// DisplayDenom is what wallets show.
	DisplayDenom = "TOP"
	// Exponent between Denom and DisplayDenom.
	Exponent = 6
	// OperatorDenom is the unit of governance deposits on service chains. It exists only there and has no price: coins of the main
	// chain never leave it.
	OperatorDenom = "uop"
	// CoinType is the SLIP-44 coin type of TOP accounts.
	CoinType = 118
)

// The SDK keeps these in process-wide variables; a package variable initializer sets them before any address is rendered.
func init() {
	cfg := sdk.GetConfig()
	cfg.SetBech32PrefixForAccount(Bech32Prefix, Bech32Prefix+"pub")
	cfg.SetBech32PrefixForValidator(Bech32Prefix+"valoper", Bech32Prefix+"valoperpub")
	cfg.SetBech32PrefixForConsensusNode(Bech32Prefix+"valcons", Bech32Prefix+"valconspub")
	cfg.SetCoinType(CoinType)
	sdk.DefaultBondDenom = Denom
}
