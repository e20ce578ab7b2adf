package mainchain

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
)

// PaymentsUpgrade is the plan by which users' payments leave the main chain for its shards (x/gate, payments_closed). A network without shards keeps them. Where this release runs already, governance changes the parameter itself.
const PaymentsUpgrade = "payments-on-shards"

func init() {
	upgrades = append(upgrades, func(a *App) base.Upgrade {
		return base.Upgrade{Name: PaymentsUpgrade, Migrate: func(ctx sdk.Context) error { return a.Gate.ClosePayments(ctx) }}
	})
}
