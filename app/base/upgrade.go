package base

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cast"

	"github.com/cosmos/cosmos-sdk/client/flags"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// Upgrade is one change of a running chain's state that governance decides on with MsgSoftwareUpgrade. At the plan's height every node halts; the release
// that lists the upgrade goes on from there. A chain's package keeps its upgrades in one table, one file each, and never removes one: the name tells a binary
// whether it knows the state it finds.
type Upgrade struct {
	// Name of the plan, e.g. "v2".
	Name string
	// Stores that the upgrade adds, renames or deletes. Added ones are mounted by the app from then on.
	Stores storetypes.StoreUpgrades
	// Migrate changes what no single module owns, after the modules' own migrations (a raised ConsensusVersion and RegisterMigration), by the plan's info where it says something. It may be nil.
	Migrate func(ctx sdk.Context, info string) error
}

// AddUpgrades lists the chain's upgrades, oldest first. It is called once, before Seal.
func (a *App) AddUpgrades(upgrades ...Upgrade) {
	for _, u := range upgrades {
		if u.Name == "" || slices.ContainsFunc(a.upgrades, func(known Upgrade) bool { return known.Name == u.Name }) {
			panic(fmt.Sprintf("upgrade %q: every upgrade needs a name of its own", u.Name))
		}
		a.upgrades = append(a.upgrades, u)
		for _, name := range u.Stores.Added {
			if a.keys[name] == nil {
				a.keys[name] = storetypes.NewKVStoreKey(name)
			}
		}
	}
}

// registerUpgrades tells x/upgrade how to run each upgrade, and the multistore which stores change at the height at which this node halted for one.
func (a *App) registerUpgrades(cfg module.Configurator) error {
	for _, u := range a.upgrades {
		a.Upgrade.SetUpgradeHandler(u.Name, func(ctx context.Context, plan upgradetypes.Plan, from module.VersionMap) (module.VersionMap, error) {
			to, err := a.Modules.RunMigrations(ctx, cfg, from)
			if err != nil {
				return nil, fmt.Errorf("upgrade %s: %w", u.Name, err)
			}
			if u.Migrate == nil {
				return to, nil
			}
			if err := u.Migrate(sdk.UnwrapSDKContext(ctx), plan.Info); err != nil {
				return nil, fmt.Errorf("upgrade %s: %w", u.Name, err)
			}
			return to, nil
		})
	}
	if cast.ToString(a.appOptions.Get(flags.FlagHome)) == "" {
		// An app without a home, e.g. one built for its codec, has halted for nothing.
		return nil
	}
	info, err := a.Upgrade.ReadUpgradeInfoFromDisk()
	if err != nil {
		return fmt.Errorf("%s in the node's data folder: %w", upgradetypes.UpgradeInfoFilename, err)
	}
	for _, u := range a.upgrades {
		if u.Name == info.Name && !a.Upgrade.IsSkipHeight(info.Height) {
			a.SetStoreLoader(upgradetypes.UpgradeStoreLoader(info.Height, &u.Stores))
		}
	}
	return nil
}

// BinaryError says that this binary cannot go on with the chain's state, and which one can.
type BinaryError struct{ text string }

func (e *BinaryError) Error() string { return e.text }

// checkBinary refuses state that an upgrade unknown to this binary has changed: it would be misread.
func (a *App) checkBinary() error {
	if a.LastBlockHeight() == 0 {
		return nil
	}
	name, height, err := a.Upgrade.GetLastCompletedUpgrade(a.NewContextLegacy(true, a.header()))
	if err != nil {
		return fmt.Errorf("last upgrade: %w", err)
	}
	if name != "" && !a.Upgrade.HasHandler(name) {
		return &BinaryError{fmt.Sprintf("the state was upgraded to %q at height %d and this is %s %s, which does not know that upgrade: start the release that does",
			name, height, a.Name(), a.Version())}
	}
	return nil
}

// preBlock runs the modules' pre-blockers. Where this binary cannot execute the block because of an upgrade, it says what to do and stops the node: CometBFT
// by itself would keep a process that answers queries and makes no blocks.
func (a *App) preBlock(ctx sdk.Context) (*sdk.ResponsePreBlock, error) {
	res, err := a.Modules.PreBlock(ctx)
	if err == nil {
		return res, nil
	}
	plan, planErr := a.Upgrade.GetUpgradePlan(ctx)
	if planErr != nil {
		return res, err
	}
	due, known := plan.ShouldExecute(ctx.BlockHeight()), a.Upgrade.HasHandler(plan.Name)
	switch {
	case due && !known:
		err = &BinaryError{fmt.Sprintf("upgrade %q is due at height %d and this is %s %s, which does not know it: install the release named by the plan (%s) and start it on the same home",
			plan.Name, plan.Height, a.Name(), a.Version(), plan.Info)}
	case !due && known:
		err = &BinaryError{fmt.Sprintf("upgrade %q is planned for height %d, the next block is %d, and this is already the release for it (%s %s): start the release before it until the node halts",
			plan.Name, plan.Height, ctx.BlockHeight(), a.Name(), a.Version())}
	}
	if a.halt != nil {
		a.halt(err)
	}
	return res, err
}
