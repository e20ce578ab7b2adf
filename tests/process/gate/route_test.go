//go:build process

package gate

import (
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/topnetwork/top/protocol/verify"
)

// routesAreProven: whoever trusts a header of the main chain, and no node, learns which shard has an account.
func (n *network) routesAreProven() {
	t := n.t
	t.Helper()
	height, err := n.main.Height(t.Context())
	require.NoError(t, err)
	block, err := cmtservice.NewServiceClient(n.main.Conn()).GetBlockByHeight(t.Context(), &cmtservice.GetBlockByHeightRequest{Height: height})
	require.NoError(t, err)
	appHash := block.SdkBlock.Header.AppHash
	for _, u := range n.users {
		route, version, err := n.main.Route(t.Context(), u.Address, height, appHash)
		require.NoError(t, err)
		require.Equal(t, u.shard, route.Name)
		require.EqualValues(t, 1, version)
	}
	account := n.users[0].Address
	other := append([]byte{}, appHash...)
	other[0] ^= 1
	_, _, err = n.main.Route(t.Context(), account, height, other)
	require.ErrorIs(t, err, verify.ErrProof)
	_, _, err = n.main.Route(t.Context(), account, height-1, appHash)
	require.ErrorIs(t, err, verify.ErrProof, "the header of another state")
	_, _, err = n.main.Route(t.Context(), "top1nobody", height, appHash)
	require.ErrorContains(t, err, "address")
	_, _, err = n.main.Route(t.Context(), account, 1, appHash)
	require.ErrorContains(t, err, "height 2")
}
