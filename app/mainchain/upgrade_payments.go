package mainchain

import (
	"encoding/json"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
)

// PaymentsUpgrade is the plan by which users' payments leave the main chain for its shards (x/gate, payments_closed). A network without shards keeps them. Where this release runs already, governance changes the parameter itself.
const PaymentsUpgrade = "payments-on-shards"

func init() {
	upgrades = append(upgrades, func(a *App) base.Upgrade {
		return base.Upgrade{Name: PaymentsUpgrade, Migrate: a.closePayments}
	})
}

// closePayments between users, and name the edge of the plan's info.
func (a *App) closePayments(ctx sdk.Context, info string) error {
	return a.Gate.ClosePayments(ctx, edgeOf(info))
}

// edgeOf what a plan's info says, {"edge": URL} beside whatever else it is used for; "" where it says nothing.
func edgeOf(info string) string {
	var plan struct {
		Edge string `json:"edge"`
	}
	if json.Unmarshal([]byte(info), &plan) != nil {
		return ""
	}
	return plan.Edge
}
