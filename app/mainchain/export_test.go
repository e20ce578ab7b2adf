package mainchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/topnetwork/top/testutil/inprocess"
)

// No genesis has a place for the plan of an upgrade: an export would lose it.
func TestExportWithAPlannedUpgradeIsRefused(t *testing.T) {
	c := inprocess.New(t, "ann")
	_, err := c.App.Export(nil)
	require.NoError(t, err)
	require.NoError(t, c.App.Upgrade.ScheduleUpgrade(c.Context(), upgradetypes.Plan{Name: "next", Height: 50}))
	c.Block(t)
	_, err = c.App.Export(nil)
	require.ErrorContains(t, err, `upgrade "next" is planned for height 50`)
	_, err = c.App.Export([]string{"bank"})
	require.NoError(t, err, "a look at some modules is no chain")
	require.NoError(t, c.App.Upgrade.ClearUpgradePlan(c.Context()))
	c.Block(t)
	_, err = c.App.Export(nil)
	require.NoError(t, err)
}

func TestLastBlockTime(t *testing.T) {
	c := inprocess.New(t, "ann")
	c.Block(t)
	last, err := c.App.LastBlockTime()
	require.NoError(t, err)
	require.True(t, c.Time.Equal(last), "%s, not %s", last, c.Time)
}
