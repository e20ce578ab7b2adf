package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	servicestypes "github.com/topnetwork/top/x/services/types"
	"github.com/topnetwork/top/x/usage/types"
)

// setStatus has "pat" go or come back by itself; the service chain hears of it.
func setStatus(t *testing.T, n *books.Network, status servicestypes.ProviderStatus) {
	t.Helper()
	r := books.Registration("pat")
	_, err := books.Do(n.Main.Ctx, n.Main.Services.UpdateProvider, &servicestypes.MsgUpdateProvider{
		Address: r.Address, ChainId: r.ChainId, Endpoints: r.Endpoints, Prices: r.Prices, Status: status,
	})
	require.NoError(t, err)
	n.ToService().Deliver(t)
}

// A provider that left claims the epochs until then and none after, though its sub-lines are good; coming back lifts that.
func TestProviderThatLeftClaimsNoLaterEpochs(t *testing.T) {
	for name, leave := range map[string]func(*testing.T, *books.Network){
		"inactive by itself": func(t *testing.T, n *books.Network) {
			setStatus(t, n, servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE)
		},
		"slashed": func(t *testing.T, n *books.Network) {
			_, err := n.Main.Services.Slash(n.Main.Ctx, books.ServiceID, books.Address("pat"), "for the test")
			require.NoError(t, err)
			n.ToService().Deliver(t)
		},
		"exited": func(t *testing.T, n *books.Network) {
			_, err := books.Do(n.Main.Ctx, n.Main.Services.ExitProvider, &servicestypes.MsgExitProvider{Address: books.Address("pat"), ChainId: books.ServiceID})
			require.NoError(t, err)
			n.ToService().Deliver(t)
		},
		"inactive, exited later": func(t *testing.T, n *books.Network) {
			setStatus(t, n, servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE)
			n.NextEpoch(t)
			_, err := books.Do(n.Main.Ctx, n.Main.Services.ExitProvider, &servicestypes.MsgExitProvider{Address: books.Address("pat"), ChainId: books.ServiceID})
			require.NoError(t, err)
			n.ToService().Deliver(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, _ := served(t)
			last := n.Epoch(t)
			leave(t, n)
			gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			require.Equal(t, last, gs.Providers[0].LastEpoch)
			for n.Epoch(t) < last+2 {
				n.NextEpoch(t)
			}
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.Allot, &types.MsgAllot{
				Owner: books.Address("ann"), Provider: books.Address("pat"), SessionKey: books.Public("ann"), Amount: 1,
			})
			require.ErrorIs(t, err, types.ErrInvalid)
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", last+1, books.Session("pat", "ann", last+1, 5, 1)).MsgClaim)
			require.ErrorIs(t, err, types.ErrWindow)
			require.ErrorContains(t, err, "update-provider")
			prove(t, n, "pat", last, books.Session("pat", "ann", last, 5, 1))
			n.Check(t)
		})
	}
	t.Run("and came back", func(t *testing.T) {
		n, _ := served(t)
		setStatus(t, n, servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE)
		n.NextEpoch(t)
		setStatus(t, n, servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE)
		epoch := n.Epoch(t)
		n.NextEpoch(t)
		prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1))
		n.Check(t)
	})
}

// In the very first epoch leaving leaves the same trace.
func TestProviderThatLeftInEpochZero(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.AddPayer(t, "ann", 1_000_000, 100_000, "pat")
	require.Zero(t, n.Epoch(t))
	setStatus(t, n, servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE)
	n.NextEpoch(t)
	n.NextEpoch(t)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", 1, books.Session("pat", "ann", 1, 5, 1)).MsgClaim)
	require.ErrorIs(t, err, types.ErrWindow)
	prove(t, n, "pat", 0, books.Session("pat", "ann", 0, 5, 1))
}
