package attacks

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/app/servicechain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// begins is one module of a chain without any state.
type begins struct {
	app  *base.App
	name string
}

func (b begins) validate(raw []byte) error {
	return b.app.Basics[b.name].(module.HasGenesisBasics).ValidateGenesis(b.app.Codec, b.app.TxConfig, raw)
}

// again begins with a genesis and exports it. Modules say by a panic with an error that they refuse; anything else that panics is a fault.
func (b begins) again(raw []byte) (exported []byte, err error) {
	defer func() {
		var fault runtime.Error
		if r := recover(); r != nil {
			if said, ok := r.(error); ok && !errors.As(said, &fault) {
				err = said
				return
			}
			panic(fmt.Sprintf("%s: %v", b.name, r))
		}
	}()
	ctx := b.app.NewUncachedContext(true, cmtproto.Header{Height: 1})
	ctx, _ = ctx.CacheContext()
	m := b.app.Modules.Modules[b.name].(module.HasGenesis)
	m.InitGenesis(ctx, b.app.Codec, raw)
	return m.ExportGenesis(ctx, b.app.Codec), nil
}

// Whatever JSON stands in a genesis for a module that holds money: it is refused with an error, or what it begins is exported as a genesis that is valid and begins the same again.
func FuzzGenesis(f *testing.F) {
	options := func() base.Options {
		return base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}
	}
	main, service := mainchain.New(options(), true).App, servicechain.New(options(), true).App
	modules := []begins{{main, servicestypes.ModuleName}, {main, billingtypes.ModuleName}, {main, issuancetypes.ModuleName}, {service, usagetypes.ModuleName}}
	for i, m := range modules {
		raw := m.app.DefaultGenesis()[m.name]
		require.NoError(f, m.validate(raw))
		_, err := m.again(raw)
		require.NoError(f, err)
		f.Add(byte(i), []byte(raw))
	}
	f.Fuzz(func(t *testing.T, which byte, raw []byte) {
		m := modules[int(which)%len(modules)]
		if m.validate(raw) != nil {
			return
		}
		once, err := m.again(raw)
		if err != nil {
			return
		}
		require.NoError(t, m.validate(once), "%s", once)
		twice, err := m.again(once)
		require.NoError(t, err)
		require.JSONEq(t, string(once), string(twice))
	})
}
