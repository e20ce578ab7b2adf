package keeper_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// mostReleases in a settlement.
const mostReleases = 200

// release 1 utop of each owner's in one block.
func release(t *testing.T, n *books.Network, owners ...string) {
	t.Helper()
	for _, owner := range owners {
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Release, &types.MsgRelease{Owner: owner, Amount: 1})
		require.NoError(t, err)
	}
	n.Block(t)
}

// released are the owners of the newest settlement's releases.
func released(t *testing.T, n *books.Network) (owners []string) {
	t.Helper()
	pending := n.ToMain().Pending()
	data, err := billingtypes.DecodePacket(n.ToMain().Packet(t, pending[len(pending)-1]).Payloads[0].Value)
	require.NoError(t, err)
	for _, r := range data.GetSettlement().Releases {
		owners = append(owners, r.Owner)
	}
	return owners
}

// Who asked first is served first, whatever its address; who asks again and again overtakes nobody.
func TestReleasesAreServedInTheOrderOfAsking(t *testing.T) {
	n := books.New(t)
	var owners []string
	for i := range mostReleases + 1 {
		owners = append(owners, books.Address(fmt.Sprint("owner ", i)))
	}
	slices.Sort(owners)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	for _, owner := range owners {
		gs.Credits = append(gs.Credits, types.Credit{Owner: owner, Credited: 10})
	}
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	last, others := owners[mostReleases], owners[:mostReleases]
	n.NextEpoch(t)
	release(t, n, last)
	require.Equal(t, []string{last}, released(t, n), "this epoch's settlement")
	release(t, n, last)
	release(t, n, others...)

	n.NextEpoch(t)
	first := released(t, n)
	require.Len(t, first, mostReleases)
	require.True(t, slices.Contains(first, last))
	left := others[mostReleases-1]
	require.False(t, slices.Contains(first, left))

	// Those who were served ask again, the left one for more: it keeps its place.
	release(t, n, first...)
	release(t, n, left)
	n.NextEpoch(t)
	require.True(t, slices.Contains(released(t, n), left))
	require.NoError(t, n.Service.Usage.Invariants(n.Service.Ctx))
}

// The line is in the export: an import has everybody wait as long as before.
func TestReleasesKeepTheirOrderInGenesis(t *testing.T) {
	n := books.New(t)
	first, second := books.Address("first"), books.Address("second")
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	for i := range mostReleases - 1 {
		gs.Credits = append(gs.Credits, types.Credit{Owner: books.Address(fmt.Sprint("owner ", i)), Credited: 10, Releasing: 1, ReleasingHeight: 7})
	}
	gs.Credits = append(gs.Credits,
		types.Credit{Owner: first, Credited: 10, Releasing: 1, ReleasingHeight: 8}, types.Credit{Owner: second, Credited: 10, Releasing: 1, ReleasingHeight: 9})
	slices.SortFunc(gs.Credits, func(a, b types.Credit) int { return strings.Compare(a.Owner, b.Owner) })
	require.NoError(t, gs.Validate())
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	exported, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Equal(t, gs, exported)
	n.NextEpoch(t)
	require.True(t, slices.Contains(released(t, n), first))
	require.False(t, slices.Contains(released(t, n), second))
}
