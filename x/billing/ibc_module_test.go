package billing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
)

// Anyone may submit MsgSendPacket; a credit packet made that way would be credit from nothing.
func TestStrangersCannotSend(t *testing.T) {
	n := books.New(t)
	payload := channeltypesv2.NewPayload(types.PortID, types.ServicePortID, types.Version, types.Encoding, []byte{1})
	require.ErrorIs(t, n.Main.IBC.OnSendPacket(n.Main.Ctx, books.ServiceClient, books.MainClient, 1, payload, books.Account("eve")), types.ErrUnauthorized)
	require.NoError(t, n.Main.IBC.OnSendPacket(n.Main.Ctx, books.ServiceClient, books.MainClient, 1, payload, n.Main.Billing.Address()))
}

func TestOtherProtocolsAreRefused(t *testing.T) {
	n := books.New(t)
	good := channeltypesv2.NewPayload(types.ServicePortID, types.PortID, types.Version, types.Encoding, []byte{1})
	for name, change := range map[string]func(*channeltypesv2.Payload){
		"version":          func(p *channeltypesv2.Payload) { p.Version = "top-billing-2" },
		"encoding":         func(p *channeltypesv2.Payload) { p.Encoding = "application/json" },
		"source port":      func(p *channeltypesv2.Payload) { p.SourcePort = "transfer" },
		"destination port": func(p *channeltypesv2.Payload) { p.DestinationPort = "transfer" },
		"value":            func(*channeltypesv2.Payload) {},
	} {
		p := good
		change(&p)
		res := n.Main.IBC.OnRecvPacket(n.Main.Ctx, books.MainClient, books.ServiceClient, 1, p, nil)
		require.Equal(t, channeltypesv2.PacketStatus_Failure, res.Status, name)
	}
}
