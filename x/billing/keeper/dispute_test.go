package keeper_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/keeper"
	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagekeeper "github.com/topnetwork/top/x/usage/keeper"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const credit = 1_000_000

// settled is a network where "pat" served "ann" in two sessions of one epoch, 500 and 700 utop, and the settlement has arrived on the main chain. It answers the
// sessions in rising order of their ids, and the dispute that ann may begin.
func settled(t *testing.T) (*books.Network, []*voucher.Evidence, *types.MsgDispute) {
	t.Helper()
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.AddPayer(t, "ann", credit, 100_000, "pat")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: books.Address("ann"), Amount: 500_000})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.SetReserve, &types.MsgSetReserve{Owner: books.Address("ann"), Reserve: 40_000})
	require.NoError(t, err)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	sessions := []*voucher.Evidence{books.Session("pat", "ann", epoch, 5, 1), books.Session("pat", "ann", epoch, 7, 2)}
	slices.SortFunc(sessions, func(a, b *voucher.Evidence) int { return bytes.Compare(a.Voucher.SessionId, b.Voucher.SessionId) })
	c := books.NewClaim(t, "pat", epoch, sessions...)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Challenged(t, "pat", epoch).Seed, usagetypes.DefaultParams().Samples))
	require.NoError(t, err)
	n.NextEpoch(t)
	n.ToMain().Deliver(t)
	n.Check(t)
	return n, sessions, dispute(t, n, "ann", epoch)
}

// dispute that a payer may begin over its debit of an epoch, with the proof that the service chain gives.
func dispute(t *testing.T, n *books.Network, payer string, epoch uint64) *types.MsgDispute {
	t.Helper()
	settlement := n.Claimed(t, "pat", epoch).SettlementEpoch
	proof, err := usagekeeper.NewQueryServer(n.Service.Usage).DebitProof(n.Service.Ctx, &usagetypes.QueryDebitProofRequest{
		SettlementEpoch: settlement, Provider: books.Address("pat"), ClaimEpoch: epoch, Payer: books.Address(payer), SessionKey: hex.EncodeToString(books.Public(payer)),
	})
	require.NoError(t, err)
	return &types.MsgDispute{
		Payer: books.Address(payer), ChainId: books.ServiceID, Epoch: settlement, Provider: books.Address("pat"), ClaimEpoch: epoch,
		SessionKey: books.Public(payer), Amount: proof.Amount, Path: proof.Path,
	}
}

func answer(d *types.MsgDispute, evidence ...*voucher.Evidence) *types.MsgAnswerDispute {
	return &types.MsgAnswerDispute{Provider: d.Provider, ChainId: d.ChainId, Epoch: d.Epoch, ClaimEpoch: d.ClaimEpoch, Payer: d.Payer, SessionKey: d.SessionKey, Evidence: evidence}
}

func provider(t *testing.T, n *books.Network, name string) servicestypes.Provider {
	t.Helper()
	p, err := n.Main.Services.Provider(n.Main.Ctx, books.ServiceID, books.Address(name))
	require.NoError(t, err)
	return p
}

// nextEpochs makes epochs, and the first block of the last.
func nextEpochs(t *testing.T, n *books.Network, count uint64) {
	t.Helper()
	for range count {
		n.NextEpoch(t)
		n.Check(t)
	}
	n.Block(t)
	n.Check(t)
}

func TestDisputeWithoutAnAnswerIsUpheld(t *testing.T) {
	n, _, msg := settled(t)
	res, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	n.Check(t)
	gs := export(t, n)
	require.Zero(t, gs.Escrows[0].Reserve, "the reserve is for this")
	require.Equal(t, uint64(460_000-60_000), gs.Escrows[0].Free, "free pays the rest of the bond")
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.ErrorIs(t, err, types.ErrDispute, "once")

	deposit, paid := provider(t, n, "pat").Deposit, n.Main.Balance(books.Address("pat"))
	for n.Epoch(t) < res.DeadlineEpoch {
		n.NextEpoch(t)
	}
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_OPEN, export(t, n).Disputes[0].Status, "the deadline's epoch is in time")
	nextEpochs(t, n, 1)
	gs = export(t, n)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_UPHELD, gs.Disputes[0].Status)
	require.Equal(t, types.PayoutStatus_PAYOUT_STATUS_CANCELLED, gs.Payouts[0].Status)
	require.Equal(t, uint64(460_000+40_000+1_200), gs.Escrows[0].Free)
	require.Equal(t, paid, n.Main.Balance(books.Address("pat")))
	require.Equal(t, deposit/2, provider(t, n, "pat").Deposit)
	require.Equal(t, deposit/2, provider(t, n, "pat").Slashed)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, books.Session("pat", "ann", msg.ClaimEpoch, 5, 1)))
	require.ErrorIs(t, err, types.ErrDispute, "too late")
}

// A payer that disputes what its key signed pays the bond to the provider, which is paid as before.
func TestGriefingByDispute(t *testing.T) {
	n, sessions, msg := settled(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	before := n.Main.Balance(books.Address("pat"))
	partly, err := books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions[0]))
	require.NoError(t, err)
	require.Equal(t, sessions[1].Voucher.AmountUtop, partly.Missing)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions[0]))
	require.ErrorIs(t, err, types.ErrDispute, "one voucher counts once")
	whole, err := books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions[1]))
	require.NoError(t, err)
	require.Zero(t, whole.Missing)
	require.Equal(t, before+100_000, n.Main.Balance(books.Address("pat")))
	n.Check(t)
	nextEpochs(t, n, 3)
	require.Equal(t, before+100_000+1_200-12, n.Main.Balance(books.Address("pat")))
	require.Zero(t, provider(t, n, "pat").Slashed)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_ANSWERED, export(t, n).Disputes[0].Status)
}

func TestDisputesThatAreRefused(t *testing.T) {
	n, _, honest := settled(t)
	n.Fund(t, "bob")
	for name, change := range map[string]func(*types.MsgDispute){
		"another amount":   func(m *types.MsgDispute) { m.Amount++ },
		"another's debit":  func(m *types.MsgDispute) { m.Payer = books.Address("bob") },
		"another key":      func(m *types.MsgDispute) { m.SessionKey = books.Public("bob") },
		"another epoch":    func(m *types.MsgDispute) { m.ClaimEpoch++ },
		"another provider": func(m *types.MsgDispute) { m.Provider = books.Address("quin") },
		"no settlement":    func(m *types.MsgDispute) { m.Epoch++ },
		"a path too long":  func(m *types.MsgDispute) { m.Path = make([]types.DebitNode, 1_000) },
		"a short hash":     func(m *types.MsgDispute) { m.Path = []types.DebitNode{{Hash: []byte{1}}} },
		"no key":           func(m *types.MsgDispute) { m.SessionKey = nil },
		"no amount":        func(m *types.MsgDispute) { m.Amount = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			msg := *honest
			change(&msg)
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, &msg)
			require.Error(t, err)
			require.Empty(t, export(t, n).Disputes)
		})
	}
	nextEpochs(t, n, 2)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, honest)
	require.ErrorContains(t, err, "PAID", "what is paid is paid")
}

func TestAnswersThatAreRefused(t *testing.T) {
	n, sessions, msg := settled(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	epoch := msg.ClaimEpoch
	forged := func(change func(e *voucher.Evidence)) *voucher.Evidence {
		e := books.Session("pat", "ann", epoch, 12, 9)
		change(e)
		return e
	}
	for name, evidence := range map[string][]*voucher.Evidence{
		"of another epoch":        {books.Session("pat", "ann", epoch+1, 12, 9)},
		"of another payer":        {books.Session("pat", "bob", epoch, 12, 9)},
		"of another provider":     {books.Session("quin", "ann", epoch, 12, 9)},
		"not signed by the payer": {forged(func(e *voucher.Evidence) { e.Voucher.SignClient(books.Key("pat")) })},
		"with another amount":     {forged(func(e *voucher.Evidence) { e.Voucher.AmountUtop++ })},
		"in falling order":        {sessions[1], sessions[0]},
		"without its parts":       {{}},
		"none":                    nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, evidence...))
			require.Error(t, err)
			require.Zero(t, export(t, n).Disputes[0].Shown)
		})
	}
}

// A key that was revoked after the usage still answers for it.
func TestKeyRevokedAfterUse(t *testing.T) {
	n, sessions, msg := settled(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RevokeSessionKey, &types.MsgRevokeSessionKey{Signer: msg.Payer, Owner: msg.Payer, Key: msg.SessionKey})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions...))
	require.NoError(t, err)
}

// A captured service chain and its provider charge a key that the payer never had, that had ended, or more than its cap: the payer gets it back, whoever signed.
func TestKeysThatCannotBeCharged(t *testing.T) {
	for name, key := range map[string]*types.MsgAddSessionKey{
		"never had":    nil,
		"ended before": {CapUtop: 10_000, ExpiresEpoch: 1},
		"over its cap": {CapUtop: 499, ExpiresEpoch: 100},
	} {
		t.Run(name, func(t *testing.T) {
			n := lined(t)
			ann := books.Address("ann")
			if key != nil {
				key.Signer, key.Owner, key.Key = ann, ann, books.Public("other")
				_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, key)
				require.NoError(t, err)
			}
			nextEpochs(t, n, 3)
			e := books.Session("pat", "ann", 2, 5, 1)
			e.Open.SessionKey = books.Public("other")
			books.Sign(e, "pat", "other")
			debit := claim.Debit{Payer: books.Account("ann"), SessionKey: books.Public("other"), Amount: 500}
			root := claim.ClaimDebits{Provider: books.Address("pat"), Epoch: 2, Debits: []claim.Debit{debit}}.Root()
			require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 3, func(p *types.SettlementPacket) {
				pays("pat", 500)(p)
				p.DebitRoot = root[:]
			})))
			msg := &types.MsgDispute{
				Payer: ann, ChainId: books.ServiceID, Epoch: 3, Provider: books.Address("pat"), ClaimEpoch: 2, SessionKey: books.Public("other"), Amount: 500,
			}
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
			require.NoError(t, err)
			_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, e))
			require.ErrorIs(t, err, types.ErrDispute)
			before := export(t, n).Escrows[0].Free
			nextEpochs(t, n, types.DefaultParams().AnswerWindowEpochs+1)
			require.Equal(t, before+500+types.DefaultParams().DisputeBond, export(t, n).Escrows[0].Free)
		})
	}
}

func TestEquivocation(t *testing.T) {
	n, sessions, _ := settled(t)
	n.Fund(t, "eve")
	first := sessions[0].Voucher
	second := *first
	second.Usage = []*voucher.Usage{{Measure: "message", Quantity: 1}}
	second.AmountUtop = 100
	second.SignProvider(books.Key("pat"))
	report := &types.MsgReportEquivocation{Reporter: books.Address("eve"), ChainId: books.ServiceID, Provider: books.Address("pat"), First: first, Second: &second}
	for name, change := range map[string]func(*types.MsgReportEquivocation){
		"the same twice":      func(m *types.MsgReportEquivocation) { m.Second = m.First },
		"another provider":    func(m *types.MsgReportEquivocation) { m.Provider = books.Address("quin") },
		"two sessions":        func(m *types.MsgReportEquivocation) { m.Second = sessions[1].Voucher },
		"signed by the payer": func(m *types.MsgReportEquivocation) { s := second; s.SignProvider(books.Key("ann")); m.Second = &s },
		"two numbers": func(m *types.MsgReportEquivocation) {
			s := second
			s.Number++
			s.SignProvider(books.Key("pat"))
			m.Second = &s
		},
		"one voucher": func(m *types.MsgReportEquivocation) { m.Second = nil },
	} {
		t.Run(name, func(t *testing.T) {
			msg := *report
			change(&msg)
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.ReportEquivocation, &msg)
			require.Error(t, err)
			require.Zero(t, provider(t, n, "pat").Slashed)
		})
	}
	deposit := provider(t, n, "pat").Deposit
	res, err := books.Do(n.Main.Ctx, n.Main.Billing.ReportEquivocation, report)
	require.NoError(t, err)
	require.Equal(t, deposit/2, res.Slashed)
	require.Equal(t, servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE, provider(t, n, "pat").Status, "too little is left")
	report.First, report.Second = report.Second, report.First
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.ReportEquivocation, report)
	require.ErrorIs(t, err, types.ErrDispute, "once per session")
	n.Check(t)
	n.ToService().Deliver(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.False(t, gs.Providers[0].Active, "the service chain knows")
}

// Explain names every step from settlement to payment, whatever became of it.
func TestExplain(t *testing.T) {
	n, sessions, msg := settled(t)
	queries := keeper.NewQueryServer(n.Main.Billing)
	explain := func() *types.QueryExplainResponse {
		res, err := queries.Explain(n.Main.Ctx, &types.QueryExplainRequest{ChainId: msg.ChainId, Epoch: msg.Epoch, Provider: msg.Provider})
		require.NoError(t, err)
		require.NotEmpty(t, res.Steps)
		return res
	}
	before := explain()
	require.Equal(t, uint64(1_200), before.Contribution)
	require.Equal(t, uint64(12), before.Fee)
	require.Zero(t, before.Paid, "not yet")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	require.Len(t, explain().Disputes, 1)
	waiting := func(provider string) int {
		res, err := queries.OpenDisputes(n.Main.Ctx, &types.QueryOpenDisputesRequest{ChainId: msg.ChainId, Provider: provider})
		require.NoError(t, err)
		return len(res.Disputes)
	}
	require.Equal(t, 1, waiting(msg.Provider))
	require.Zero(t, waiting(msg.Payer))
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions...))
	require.NoError(t, err)
	nextEpochs(t, n, 2)
	require.Equal(t, uint64(1_188), explain().Paid)
	require.Zero(t, waiting(msg.Provider))
	_, err = queries.Explain(n.Main.Ctx, &types.QueryExplainRequest{ChainId: msg.ChainId, Epoch: msg.Epoch, Provider: books.Address("ann")})
	require.ErrorContains(t, err, "NotFound")
	_, err = queries.Disputes(n.Main.Ctx, &types.QueryDisputesRequest{ChainId: msg.ChainId})
	require.NoError(t, err)
}

// What is disputed survives an export, and is decided after it as it would have been.
func TestDisputesInGenesis(t *testing.T) {
	n, sessions, msg := settled(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions[0]))
	require.NoError(t, err)
	exported := export(t, n)
	require.NoError(t, exported.Validate())
	services, err := n.Main.Services.ExportGenesis(n.Main.Ctx)
	require.NoError(t, err)
	move := func() *books.Network {
		fresh := books.New(t)
		fresh.Fund(t, "ann")
		fresh.RegisterProvider(t, "pat")
		require.NoError(t, fresh.Main.Bank.SendCoinsFromAccountToModule(fresh.Main.Ctx, books.Account("ann"), types.ModuleName, types.Coins(n.Main.ModuleBalance(types.ModuleName))))
		require.NoError(t, fresh.Main.Services.InitGenesis(fresh.Main.Ctx, services))
		require.NoError(t, fresh.Main.Billing.InitGenesis(fresh.Main.Ctx, exported))
		fresh.Main.Ctx, fresh.Service.Clients.Height = fresh.Main.Ctx.WithBlockHeight(n.Main.Ctx.BlockHeight()), n.Main.Ctx.BlockHeight()
		require.Equal(t, exported, export(t, fresh))
		return fresh
	}
	answered := move()
	_, err = books.Do(answered.Main.Ctx, answered.Main.Billing.AnswerDispute, answer(msg, sessions[1]))
	require.NoError(t, err)
	answered.Check(t)
	late := move()
	nextEpochs(t, late, types.DefaultParams().AnswerWindowEpochs+1)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_UPHELD, export(t, late).Disputes[0].Status)

	exported.Payouts[0].OpenDisputes++
	require.ErrorIs(t, exported.Validate(), types.ErrInvariant)
}

// A dispute that cannot be ended for a fault below waits for the next epoch; the chain goes on.
func TestDisputeThatCannotBeEnded(t *testing.T) {
	n, _, msg := settled(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	n.Main.Panics = true
	nextEpochs(t, n, types.DefaultParams().AnswerWindowEpochs+2)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_OPEN, export(t, n).Disputes[0].Status)
	require.Zero(t, provider(t, n, "pat").Slashed)
	n.Main.Panics = false
	nextEpochs(t, n, 2)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_UPHELD, export(t, n).Disputes[0].Status)
	require.NotZero(t, provider(t, n, "pat").Slashed)
}
