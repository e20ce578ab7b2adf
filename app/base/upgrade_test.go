package base_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/base"
)

// Two upgrades of one name could not be told apart in the state.
func TestUpgradesHaveNamesOfTheirOwn(t *testing.T) {
	app := new(base.App)
	app.AddUpgrades(base.Upgrade{Name: "v2"}, base.Upgrade{Name: "v3"})
	require.PanicsWithValue(t, `upgrade "v3": every upgrade needs a name of its own`, func() { app.AddUpgrades(base.Upgrade{Name: "v3"}) })
	require.PanicsWithValue(t, `upgrade "": every upgrade needs a name of its own`, func() { app.AddUpgrades(base.Upgrade{}) })
}
