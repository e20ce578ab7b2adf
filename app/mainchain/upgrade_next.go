//go:build nextversion

package mainchain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/x/services"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// The release after this one, as the upgrade tests play it: `go build -tags nextversion`. Nothing of this file is in a release. It does what a real upgrade
// does: raises a module's ConsensusVersion with a migration that rewrites its records, and adds a store that the upgrade fills. And it closes users' payments as the upgrade of that name does (payments-on-shards), which no test can run on a release that knows it.

const (
	nextName = "v2"
	// archiveStore holds what the migration replaced: service type → its earlier description.
	archiveStore = "archive"
)

func init() { upgrades = append(upgrades, upgradeNext) }

func upgradeNext(a *App) base.Upgrade {
	a.Modules.Modules[servicestypes.ModuleName] = servicesNext{services.NewAppModule(a.Services), a}
	return base.Upgrade{
		Name:   nextName,
		Stores: storetypes.StoreUpgrades{Added: []string{archiveStore}},
		Migrate: func(ctx sdk.Context, info string) error {
			return errors.Join(a.closePayments(ctx, info), a.Services.Invariants(ctx))
		},
	}
}

// servicesNext is x/services with the next state: descriptions begin with a capital letter.
type servicesNext struct {
	services.AppModule
	app *App
}

func (servicesNext) ConsensusVersion() uint64 { return 2 }

func (m servicesNext) RegisterServices(cfg module.Configurator) {
	m.AppModule.RegisterServices(cfg)
	if err := cfg.RegisterMigration(servicestypes.ModuleName, 1, m.migrate); err != nil {
		panic(err)
	}
}

// migrate rewrites every service type in place and archives what it said before.
func (m servicesNext) migrate(ctx sdk.Context) error {
	sb := collections.NewSchemaBuilder(m.app.Store(servicestypes.StoreKey))
	types := collections.NewMap(sb, servicestypes.TypesKey, "types", collections.StringKey, codec.CollValue[servicestypes.ServiceType](m.app.Codec))
	archive := m.app.Store(archiveStore).OpenKVStore(ctx)
	var all []servicestypes.ServiceType
	if err := types.Walk(ctx, nil, func(_ string, t servicestypes.ServiceType) (bool, error) {
		all = append(all, t)
		return false, nil
	}); err != nil {
		return err
	}
	for _, t := range all {
		if err := archive.Set([]byte(t.Name), []byte(t.Description)); err != nil {
			return err
		}
		if t.Description != "" {
			t.Description = strings.ToUpper(t.Description[:1]) + t.Description[1:]
		}
		if err := types.Set(ctx, t.Name, t); err != nil {
			return err
		}
	}
	return m.check(ctx, all)
}

// check reads the records back: an upgrade that half worked must not be committed.
func (m servicesNext) check(ctx context.Context, before []servicestypes.ServiceType) error {
	exported, err := m.app.Services.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if len(exported.Types) != len(before) {
		return fmt.Errorf("%d service types after the migration, %d before", len(exported.Types), len(before))
	}
	return exported.Validate()
}
