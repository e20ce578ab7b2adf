package keeper_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// served is a network on which ann has keys and credit with pat.
func served(t *testing.T) *books.Network {
	t.Helper()
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.AddPayer(t, "ann", credit, 100_000, "pat")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: books.Address("ann"), Amount: 500_000})
	require.NoError(t, err)
	return n
}

// claimed by pat, proven, settled and on the main chain.
func claimed(t *testing.T, n *books.Network, epoch uint64, sessions ...*voucher.Evidence) {
	t.Helper()
	c := books.NewClaim(t, "pat", epoch, sessions...)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Challenged(t, "pat", epoch).Seed, usagetypes.DefaultParams().Samples))
	require.NoError(t, err)
	n.NextEpoch(t)
	n.ToMain().Deliver(t)
}

func revoke(t *testing.T, n *books.Network, signer, key string) {
	t.Helper()
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RevokeSessionKey, &types.MsgRevokeSessionKey{Signer: books.Address(signer), Owner: books.Address("ann"), Key: books.Public(key)})
	require.NoError(t, err)
}

// Bech32 reads capitals too. One account has one name in the books, or a debit could stand under a name that has no credit.
func TestAddressesHaveOneSpelling(t *testing.T) {
	n := served(t)
	loud := strings.ToUpper(books.Address("ann"))
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: loud, Amount: 5})
	require.ErrorContains(t, err, "lower case")
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Release, &usagetypes.MsgRelease{Owner: loud, Amount: 5})
	require.ErrorContains(t, err, "lower case")
	e := books.Session("pat", "ann", 0, 5, 1)
	e.Open.Payer = loud
	books.Sign(e, "pat", "ann")
	require.ErrorIs(t, voucher.VerifyEvidence(e, books.ServiceID, 0), voucher.ErrMalformed)
}

// What a key has signed stands under the terms that it had: nobody lowers its cap afterwards.
func TestEndedKeysDoNotComeBack(t *testing.T) {
	n := served(t)
	revoke(t, n, "ann", "ann")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
		Signer: books.Address("ann"), Owner: books.Address("ann"), Key: books.Public("ann"), CapUtop: 1, ExpiresEpoch: 100,
	})
	require.ErrorContains(t, err, "has ended")
}

// A provider that serves a key while its revocation is on its way is no thief.
func TestRevocationOnItsWay(t *testing.T) {
	n := served(t)
	revoke(t, n, "ann", "ann")
	n.NextEpoch(t)
	epoch := n.Epoch(t)
	session := books.Session("pat", "ann", epoch, 12, 1)
	n.ToService().Deliver(t)
	n.NextEpoch(t)
	claimed(t, n, epoch, session)
	msg := dispute(t, n, "ann", epoch)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, session))
	require.NoError(t, err)
	nextEpochs(t, n, 4)
	require.Zero(t, provider(t, n, "pat").Slashed)
}

// A service chain that did not hear of a revocation, or of a provider, is told again.
func TestLostAnnouncementsAreMadeAgain(t *testing.T) {
	n := served(t)
	revoke(t, n, "ann", "ann")
	n.RegisterProvider(t, "quin")
	for _, sequence := range n.ToService().Pending() {
		n.ToService().TimeOut(t, sequence)
	}
	exported := export(t, n)
	require.Len(t, exported.Announcements, 2)
	require.NoError(t, exported.Validate())
	n.Main.Out.Down = types.ErrPacket
	nextEpochs(t, n, 2)
	require.Len(t, export(t, n).Announcements, 2, "they wait while nothing can be sent")
	n.Main.Out.Down = nil
	nextEpochs(t, n, 1)
	require.Empty(t, export(t, n).Announcements)
	n.ToService().Deliver(t)
	n.NextEpoch(t)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 12, 1)).MsgClaim)
	require.ErrorIs(t, err, usagetypes.ErrKey)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.Providers, 2)
	require.Less(t, gs.Credits[0].SessionKeys[0].ExpiresEpoch, epoch, "the key has ended there too")
	n.Check(t)
}

// A delegate's limit counts every key that it ever added: one that ended may have spent its cap.
func TestDelegationLimitIsForAllKeys(t *testing.T) {
	n := served(t)
	n.Fund(t, "app")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Delegate, &types.MsgDelegate{Owner: books.Address("ann"), Delegate: books.Address("app"), LimitUtop: 1_200, ExpiresEpoch: 900})
	require.NoError(t, err)
	add := func(key string, limit uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
			Signer: books.Address("app"), Owner: books.Address("ann"), Key: books.Public(key), CapUtop: limit, ExpiresEpoch: 900,
		})
		return err
	}
	require.NoError(t, add("one", 1_000))
	revoke(t, n, "app", "one")
	require.ErrorIs(t, add("two", 201), types.ErrLimit)
	require.NoError(t, add("two", 200))
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Delegate, &types.MsgDelegate{Owner: books.Address("ann"), Delegate: books.Address("app"), LimitUtop: 1_300, ExpiresEpoch: 900})
	require.NoError(t, err)
	require.ErrorIs(t, add("three", 101), types.ErrLimit, "a new limit is for old keys too")
	require.NoError(t, add("three", 100))
}

// One provider's fault is not another's: a sybil cannot take a session's place in the record.
func TestEquivocationIsOfOneProvider(t *testing.T) {
	n := served(t)
	n.RegisterProvider(t, "sybil")
	report := func(name string) error {
		first, second := *books.Session("pat", "ann", 1, 5, 1).Voucher, *books.Session("pat", "ann", 1, 5, 1).Voucher
		second.Usage, second.AmountUtop = []*voucher.Usage{{Measure: "message", Quantity: 1}}, 100
		first.SignProvider(books.Key(name))
		second.SignProvider(books.Key(name))
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.ReportEquivocation, &types.MsgReportEquivocation{
			Reporter: books.Address("ann"), ChainId: books.ServiceID, Provider: books.Address(name), First: &first, Second: &second,
		})
		return err
	}
	require.NoError(t, report("sybil"))
	require.NoError(t, report("pat"))
	require.ErrorIs(t, report("pat"), types.ErrDispute)
	require.Len(t, export(t, n).Equivocations, 2)
}
