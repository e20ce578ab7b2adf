package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// A claim that was made before its provider came back with another key is proven with what the former key signed.
func TestFormerKeyProvesOlderClaims(t *testing.T) {
	n, epoch := served(t)
	packet, err := billingtypes.EncodePacket(&billingtypes.PacketData{Data: &billingtypes.PacketData_Provider{Provider: &billingtypes.ProviderPacket{
		Address: books.Address("pat"), Key: books.Public("pat's second"), Active: true, Revision: 1_000,
	}}})
	require.NoError(t, err)
	require.NoError(t, n.Service.Usage.OnReceive(n.Service.Ctx, books.MainClient, packet))
	prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 10, 1))
	n.Check(t)
}
