package usage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// A settlement is sent by the module alone: anyone may submit MsgSendPacket.
func TestStrangersCannotSettle(t *testing.T) {
	n := books.New(t)
	payload := channeltypesv2.NewPayload(types.PortID, billingtypes.PortID, billingtypes.Version, billingtypes.Encoding, []byte{1})
	require.ErrorIs(t, n.Service.IBC.OnSendPacket(n.Service.Ctx, books.MainClient, books.ServiceClient, 1, payload, books.Account("eve")), types.ErrUnauthorized)
	require.NoError(t, n.Service.IBC.OnSendPacket(n.Service.Ctx, books.MainClient, books.ServiceClient, 1, payload, n.Service.Usage.Address()))
	payload.Version = "top-billing-2"
	require.ErrorIs(t, n.Service.IBC.OnSendPacket(n.Service.Ctx, books.MainClient, books.ServiceClient, 1, payload, n.Service.Usage.Address()), types.ErrInvalid)
}
