package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/keeper"
	"github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// released is a network where the service chain has released 600 of 1,000 utop; main hears first of one or the other: the acknowledgement of the credit, the release.
func released(t *testing.T, acknowledgedFirst bool) *books.Network {
	t.Helper()
	n := funded(t)
	res, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 1_000})
	require.NoError(t, err)
	require.True(t, n.ToService().Receive(t, res.Sequence))
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Release, &usagetypes.MsgRelease{Owner: books.Address("ann"), Amount: 600})
	require.NoError(t, err)
	n.NextEpoch(t)
	steps := []func(){
		func() { n.ToService().Acknowledge(t, res.Sequence) },
		func() { n.ToMain().Deliver(t) },
	}
	if !acknowledgedFirst {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		step()
		n.Check(t)
	}
	return n
}

// A release proves that its credit arrived: it may overtake the acknowledgement.
func TestReleaseOvertakesAcknowledgement(t *testing.T) {
	overtaken, usual := export(t, released(t, false)), export(t, released(t, true))
	require.Equal(t, usual, overtaken)
	require.EqualValues(t, deposited-1_000+600, overtaken.Escrows[0].Free)
	require.Equal(t, types.CreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Credited: 1_000, Released: 600}, overtaken.CreditLines[0])
}

// A chain that releases credit and then has its packet time out draws nothing from the credit of others.
func TestReleasedCreditCannotTimeOut(t *testing.T) {
	n := funded(t)
	n.AddPayer(t, "bob", 5_000, 0)
	res, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 1_000})
	require.NoError(t, err)
	packet := n.ToService().Packet(t, res.Sequence).Payloads[0].Value
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, func(p *types.SettlementPacket) {
		p.Releases = []types.Release{{Owner: books.Address("ann"), Amount: 600}}
	})))
	n.Check(t)
	require.NoError(t, fate(n, packet, "", true))
	n.Check(t)
	gs := export(t, n)
	require.EqualValues(t, 5_000, gs.Pools[0].Amount, "bob's")
	for _, e := range gs.Escrows {
		if e.Owner == books.Address("ann") {
			require.EqualValues(t, deposited, e.Free)
		}
	}
}

// late is a network where pat served ann, and the settlement reaches the main chain epochs later. ann's key is revoked meanwhile.
func late(t *testing.T, epochs uint64) (*books.Network, []*voucher.Evidence, *types.MsgDispute) {
	t.Helper()
	n := served(t)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	session := books.Session("pat", "ann", epoch, 12, 1)
	c := books.NewClaim(t, "pat", epoch, session)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Challenged(t, "pat", epoch).Seed, usagetypes.DefaultParams().Samples))
	require.NoError(t, err)
	revoke(t, n, "ann", "ann")
	n.ToService().Deliver(t)
	nextEpochs(t, n, epochs)
	for range 2 { // whoever adds a key has old ones put aside
		_, err = books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
			Signer: books.Address("ann"), Owner: books.Address("ann"), Key: books.Public("other"), CapUtop: 1, ExpiresEpoch: 1_000,
		})
	}
	require.ErrorContains(t, err, "is there")
	n.ToMain().Deliver(t)
	n.Check(t)
	return n, []*voucher.Evidence{session}, dispute(t, n, "ann", epoch)
}

// However late a settlement is, its payouts can be disputed until they are due, and the key that signed is known.
func TestLateSettlementCanBeDisputed(t *testing.T) {
	params := types.DefaultParams()
	for _, epochs := range []uint64{2, params.WithdrawalDelayEpochs + 1, 4 * params.WithdrawalDelayEpochs} {
		n, sessions, msg := late(t, epochs)
		nextEpochs(t, n, params.PayoutWindowEpochs-1)
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
		require.NoError(t, err, "%d epochs late", epochs)
		_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions...))
		require.NoError(t, err, "%d epochs late", epochs)
		n.Check(t)

		n, _, msg = late(t, epochs)
		_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
		require.NoError(t, err)
		nextEpochs(t, n, params.AnswerWindowEpochs+1)
		require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_UPHELD, export(t, n).Disputes[0].Status)

		n, _, msg = late(t, epochs)
		nextEpochs(t, n, params.PayoutWindowEpochs+1)
		_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
		require.ErrorContains(t, err, "PAID")
	}
}

// A key that no escrow lists any more is known all the same: it does not come back, here and after an export.
func TestEndedKeysAreKept(t *testing.T) {
	n, _, _ := late(t, 4*types.DefaultParams().WithdrawalDelayEpochs)
	gs := export(t, n)
	require.Len(t, gs.EndedKeys, 1)
	require.Empty(t, gs.Escrows[0].PastKeys)
	require.NoError(t, gs.Validate())
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
		Signer: books.Address("ann"), Owner: books.Address("ann"), Key: books.Public("ann"), CapUtop: 1, ExpiresEpoch: 1_000,
	})
	require.ErrorContains(t, err, "has ended")

	fresh := books.New(t)
	fresh.Fund(t, "ann")
	require.NoError(t, fresh.Main.Bank.SendCoinsFromAccountToModule(fresh.Main.Ctx, books.Account("ann"), types.ModuleName, types.Coins(n.Main.ModuleBalance(types.ModuleName))))
	require.NoError(t, fresh.Main.Billing.InitGenesis(fresh.Main.Ctx, gs))
	require.Equal(t, gs, export(t, fresh))
	gs.EndedKeys = append(gs.EndedKeys, gs.EndedKeys[0])
	require.ErrorContains(t, gs.Validate(), "stands twice")
}

// A provider asks for one payout; what was paid before costs it nothing.
func TestPayoutQuery(t *testing.T) {
	n := lined(t)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 3, pays("pat", 600))))
	q := keeper.NewQueryServer(n.Main.Billing)
	res, err := q.Payout(n.Main.Ctx, &types.QueryPayoutRequest{ChainId: books.ServiceID, Epoch: 3, Provider: books.Address("pat")})
	require.NoError(t, err)
	require.Equal(t, export(t, n).Payouts[0], res.Payout)
	_, err = q.Payout(n.Main.Ctx, &types.QueryPayoutRequest{ChainId: books.ServiceID, Epoch: 4, Provider: books.Address("pat")})
	require.ErrorContains(t, err, "NotFound")
}
