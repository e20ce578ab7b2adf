package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// Whatever comes out of a packet, on either chain: it is booked or refused, and the books hold.
func FuzzPackets(f *testing.F) {
	n := books.New(f)
	n.RegisterProvider(f, "pat")
	n.AddPayer(f, "ann", 1_000_000, 100_000, "pat")
	for _, p := range []*billingtypes.PacketData{
		{Data: &billingtypes.PacketData_Credit{Credit: &billingtypes.CreditPacket{Owner: books.Address("ann"), Amount: 5, Revision: 9}}},
		{Data: &billingtypes.PacketData_Provider{Provider: &billingtypes.ProviderPacket{Address: books.Address("pat"), Key: books.Public("pat"), Revision: 2}}},
		{Data: &billingtypes.PacketData_Settlement{Settlement: &billingtypes.SettlementPacket{
			ChainId: books.ServiceID, Epoch: 3, DebitRoot: make([]byte, 32),
			Totals: []billingtypes.ProviderTotal{{Provider: books.Address("pat"), Amount: 7, Vouchers: 2}}, Releases: []billingtypes.Release{{Owner: books.Address("ann"), Amount: 9}},
		}}},
	} {
		value, err := billingtypes.EncodePacket(p)
		require.NoError(f, err)
		f.Add(value)
	}
	main, service := n.Main.Ctx, n.Service.Ctx
	f.Fuzz(func(t *testing.T, value []byte) {
		n.Main.Ctx, _ = main.CacheContext()
		n.Service.Ctx, _ = service.CacheContext()
		// As IBC does: what fails is discarded.
		if attempt, write := n.Main.Ctx.CacheContext(); n.Main.Billing.OnReceive(attempt, books.ServiceClient, value) == nil {
			write()
		}
		if attempt, write := n.Main.Ctx.CacheContext(); n.Main.Billing.OnAnswer(attempt, books.ServiceClient, value, nil, true) == nil {
			write()
		}
		if attempt, write := n.Service.Ctx.CacheContext(); n.Service.Usage.OnReceive(attempt, books.MainClient, value) == nil {
			write()
		}
		n.Check(t)
	})
}
