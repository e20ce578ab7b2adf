package keeper_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// spareKey gives ann a second session key that may spend 1,000 utop, and answers what allots it.
func spareKey(t *testing.T, n *books.Network) func(provider string, amount uint64) error {
	t.Helper()
	n.AddKey(t, "ann", "spare", 1_000)
	return func(provider string, amount uint64) error {
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Allot, &types.MsgAllot{
			Owner: books.Address("ann"), Provider: books.Address(provider), SessionKey: books.Public("spare"), Amount: amount,
		})
		return err
	}
}

func spending(t *testing.T, n *books.Network, key string) types.KeySpending {
	t.Helper()
	res, err := keeper.NewQueryServer(n.Service.Usage).KeySpending(n.Service.Ctx, &types.QueryKeySpendingRequest{
		Owner: books.Address("ann"), Key: hex.EncodeToString(books.Public(key)),
	})
	require.NoError(t, err)
	return res.Spending
}

// Two providers serve one key up to what each was promised: both are paid, whoever claims last.
func TestKeyCapIsPromisedOnce(t *testing.T) {
	n, _ := served(t)
	n.RegisterProvider(t, "quin")
	n.ToService().Deliver(t)
	allot := spareKey(t, n)
	require.NoError(t, allot("pat", 600))
	require.ErrorIs(t, allot("quin", 401), types.ErrKey, "400 are left of the cap")
	require.NoError(t, allot("quin", 400))
	require.ErrorIs(t, allot("pat", 1), types.ErrKey)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	for provider, messages := range map[string]uint64{"pat": 6, "quin": 4} {
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, provider, epoch, books.SessionBy("spare", provider, "ann", epoch, messages, 1)).MsgClaim)
		require.NoError(t, err, provider)
	}
	require.Equal(t, uint64(1_000), spending(t, n, "spare").Reserved)
	n.Check(t)
}

// One key's sub-line is no guarantee for another's vouchers.
func TestLineIsOfOneKey(t *testing.T) {
	n, _ := served(t)
	require.NoError(t, spareKey(t, n)("pat", 500))
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", epoch, books.SessionBy("spare", "pat", "ann", epoch, 6, 1)).MsgClaim)
	require.ErrorIs(t, err, types.ErrCredit, "ann's other key has 100,000")
	n.Check(t)
}

// A cap that is lowered after the promise does not undo it; new promises are held to it.
func TestLoweredCapKeepsPromises(t *testing.T) {
	n, _ := served(t)
	allot := spareKey(t, n)
	require.NoError(t, allot("pat", 500))
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	keys := gs.Credits[0].SessionKeys
	for i := range keys {
		keys[i].CapUtop = 300
	}
	packet, err := billingtypes.EncodePacket(&billingtypes.PacketData{Data: &billingtypes.PacketData_Credit{Credit: &billingtypes.CreditPacket{
		Owner: books.Address("ann"), SessionKeys: keys, Revision: gs.Credits[0].Revision + 1,
	}}})
	require.NoError(t, err)
	require.NoError(t, n.Service.Usage.OnReceive(n.Service.Ctx, books.MainClient, packet))
	require.ErrorIs(t, allot("pat", 1), types.ErrKey)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	prove(t, n, "pat", epoch, books.SessionBy("spare", "pat", "ann", epoch, 5, 1))
	require.Equal(t, uint64(500), spending(t, n, "spare").Spent)
	n.Check(t)
}

// A key that ended is promised nothing new; what it promised stays claimable for its epochs, and what is left comes back: then its line is closed.
func TestEndedKeyPaysAndIsReclaimed(t *testing.T) {
	n, _ := served(t)
	allot := spareKey(t, n)
	require.NoError(t, allot("pat", 500))
	ann, epoch := books.Address("ann"), n.Epoch(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RevokeSessionKey, &billingtypes.MsgRevokeSessionKey{Signer: ann, Owner: ann, Key: books.Public("spare")})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	n.NextEpoch(t)
	require.ErrorIs(t, allot("pat", 1), types.ErrKey)
	prove(t, n, "pat", epoch, books.SessionBy("spare", "pat", "ann", epoch, 2, 1))
	reclaim := &types.MsgReclaim{Owner: ann, Provider: books.Address("pat"), SessionKey: books.Public("spare"), Amount: 300}
	res, err := books.Do(n.Service.Ctx, n.Service.Usage.Reclaim, reclaim)
	require.NoError(t, err)
	for n.Epoch(t) < res.ReclaimEpoch {
		n.NextEpoch(t)
	}
	reclaim.Amount = 1
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Reclaim, reclaim)
	require.ErrorIs(t, err, types.ErrNotFound, "the line is closed")
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Release, &types.MsgRelease{Owner: ann, Amount: 899_800})
	require.NoError(t, err, "all but 100,000 of the other line and 200 spent")
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.SubLines, 1)
	require.Equal(t, uint64(200), spending(t, n, "spare").Spent, "its sum stays")
	n.Check(t)
}

// What a payer takes back from one provider, the key may promise to another.
func TestReclaimedCapIsPromisedAgain(t *testing.T) {
	n, _ := served(t)
	allot := spareKey(t, n)
	require.NoError(t, allot("pat", 1_000))
	res, err := books.Do(n.Service.Ctx, n.Service.Usage.Reclaim, &types.MsgReclaim{
		Owner: books.Address("ann"), Provider: books.Address("pat"), SessionKey: books.Public("spare"), Amount: 1_000,
	})
	require.NoError(t, err)
	require.ErrorIs(t, allot("pat", 1), types.ErrKey, "under notice it can still be claimed")
	for n.Epoch(t) < res.ReclaimEpoch {
		n.NextEpoch(t)
	}
	require.NoError(t, allot("pat", 1_000))
	n.Check(t)
}
