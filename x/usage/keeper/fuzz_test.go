package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
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

// Whatever the light client proves to stand where the main chain keeps a seed: it is the one that the oldest claim waits for, or refused without a trace.
func FuzzSeeds(f *testing.F) {
	n, c := claimed(f)
	n.Block(f)
	dated := n.Claimed(f, "pat", c.Epoch)
	moment := dated.Committed()
	for _, p := range []sortitiontypes.PublishedSeed{
		{Epoch: 7, Seed: make([]byte, 32), SealingHeight: moment.Height + 1, SealingTime: moment.Time + 1},
		{Epoch: 7, Seed: make([]byte, 32), SealingHeight: moment.Height + 2, SealingTime: moment.Time + 2, PreviousHeight: moment.Height + 1, PreviousTime: moment.Time + 1},
		{Epoch: 7, Seed: make([]byte, 31), SealingHeight: moment.Height + 1, SealingTime: moment.Time + 1},
	} {
		value, err := p.Marshal()
		require.NoError(f, err)
		f.Add(p.Epoch, value)
	}
	base := n.Service.Ctx
	f.Fuzz(func(t *testing.T, epoch uint64, value []byte) {
		n.Service.Ctx, _ = base.CacheContext()
		before, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
		require.NoError(t, err)
		msg := n.SeedMsg(sortitiontypes.PublishedSeed{Epoch: epoch})
		msg.Value = value
		n.Service.Clients.Stored[string(sortitiontypes.PublishedSeedKey(epoch))] = value
		_, err = books.Do(n.Service.Ctx, n.Service.Usage.DeliverSeed, msg)
		after, exportErr := n.Service.Usage.ExportGenesis(n.Service.Ctx)
		require.NoError(t, exportErr)
		if err != nil {
			require.Equal(t, before, after)
			return
		}
		require.NoError(t, after.Validate())
		require.Equal(t, epoch, after.Seed.Epoch)
		require.True(t, dated.ChallengedBy(*after.Seed))
		before.Seed = after.Seed
		require.Equal(t, before, after, "nothing but the seed")
	})
}
