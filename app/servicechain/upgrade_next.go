//go:build nextversion

package servicechain

import (
	"strings"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/x/operators"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
)

// The release after this one, as the upgrade tests play it: `go build -tags nextversion`. Nothing of this file is in a release. It does what a real upgrade
// does: raises a module's ConsensusVersion with a migration that rewrites its records, and adds a store that the upgrade fills.

const (
	nextName = "v2"
	// archiveStore holds what the migration replaced: operator → its earlier moniker.
	archiveStore = "archive"
)

func init() { upgrades = append(upgrades, upgradeNext) }

func upgradeNext(a *App) base.Upgrade {
	a.Modules.Modules[operatorstypes.ModuleName] = operatorsNext{operators.NewAppModule(a.Operators), a}
	return base.Upgrade{
		Name:    nextName,
		Stores:  storetypes.StoreUpgrades{Added: []string{archiveStore}},
		Migrate: func(ctx sdk.Context, _ string) error { return a.Usage.Invariants(ctx) },
	}
}

// operatorsNext is x/operators with the next state: monikers begin with a capital letter.
type operatorsNext struct {
	operators.AppModule
	app *App
}

func (operatorsNext) ConsensusVersion() uint64 { return 2 }

func (m operatorsNext) RegisterServices(cfg module.Configurator) {
	m.AppModule.RegisterServices(cfg)
	if err := cfg.RegisterMigration(operatorstypes.ModuleName, 1, m.migrate); err != nil {
		panic(err)
	}
}

// migrate rewrites every operator in place and archives what it was called before.
func (m operatorsNext) migrate(ctx sdk.Context) error {
	archive := m.app.Store(archiveStore).OpenKVStore(ctx)
	exported, err := m.app.Operators.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	for _, o := range exported.Operators {
		if err := archive.Set([]byte(o.Address), []byte(o.Moniker)); err != nil {
			return err
		}
		if o.Moniker != "" {
			o.Moniker = strings.ToUpper(o.Moniker[:1]) + o.Moniker[1:]
		}
		if err := m.app.Operators.Operators.Set(ctx, o.Address, o); err != nil {
			return err
		}
	}
	return nil
}
