package mainchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/app/servicechain"
)

func options() base.Options {
	return base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}
}

// A message that someone adds, or that a new version of a library brings, must be classified before anyone can send it; the list must not name what is gone.
func TestEveryMessageIsClassified(t *testing.T) {
	found := map[string]bool{}
	for _, chain := range []*base.App{mainchain.New(options(), true).App, servicechain.New(options(), true).App} {
		messages := chain.Registry.ListImplementations(sdk.MsgInterfaceProtoName)
		require.NotEmpty(t, messages)
		for _, url := range messages {
			found[url] = true
			if base.ClassOf(url) == 0 {
				t.Errorf("%s has %s, which is not classified in app/base/messages.go: say by which way it may reach its module", chain.Name(), url)
			}
		}
	}
	for _, url := range base.ClassifiedMessages() {
		if !found[url] {
			t.Errorf("%s is classified in app/base/messages.go and exists on no chain", url)
		}
	}
}
