package mainchain

import "github.com/topnetwork/top/app/base"

// upgrades of the main chain, oldest first, each in a file of its own (upgrade_<name>.go). A release appends and never removes: see base.Upgrade.
var upgrades []func(*App) base.Upgrade

func (a *App) addUpgrades() {
	for _, upgrade := range upgrades {
		a.AddUpgrades(upgrade(a))
	}
}
