package config

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Warnings about settings with which a node runs, at a price that their names do not tell. The settings must have passed Check.
func Warnings(app *App) []string {
	prices, err := sdk.ParseDecCoins(app.MinGasPrices)
	if err != nil || prices.IsZero() {
		return nil
	}
	return []string{fmt.Sprintf("minimum-gas-prices is %q: relayers, providers and apps pay no fees, and this node turns them away; "+
		"name other nodes to them, and know that nothing of theirs gets into a block when all validators ask", app.MinGasPrices)}
}
