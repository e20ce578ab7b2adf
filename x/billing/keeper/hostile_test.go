package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// A payout below which something panics is set aside like one that the bank refuses.
func TestPayoutThatPanics(t *testing.T) {
	n := lined(t)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", 100))))
	n.Main.Panics = true
	nextEpochs(t, n, 2)
	require.Equal(t, types.PayoutStatus_PAYOUT_STATUS_HELD, export(t, n).Payouts[0].Status)
	n.Main.Panics = false
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RetryPayout, &types.MsgRetryPayout{Signer: books.Address("ann"), ChainId: books.ServiceID, Epoch: 1, Provider: books.Address("pat")})
	require.NoError(t, err)
	n.Block(t)
	require.Equal(t, types.PayoutStatus_PAYOUT_STATUS_PAID, export(t, n).Payouts[0].Status)
	n.Check(t)
}

// A packet has one fate. IBC deletes the commitment before it tells the module; were it told again, nothing would be refunded twice.
func TestPacketHasOneFate(t *testing.T) {
	n := funded(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 700_000})
	require.NoError(t, err)
	value := n.ToService().Packet(t, n.ToService().Pending()[0]).Payloads[0].Value
	for name, fates := range map[string][2]func() error{
		"delivered, then timed out": {func() error { return fate(n, value, types.AckOK, false) }, func() error { return fate(n, value, "", true) }},
		"timed out, then delivered": {func() error { return fate(n, value, "", true) }, func() error { return fate(n, value, types.AckOK, false) }},
		"timed out twice":           {func() error { return fate(n, value, "", true) }, func() error { return fate(n, value, "", true) }},
		"refused twice":             {func() error { return fate(n, value, "no", false) }, func() error { return fate(n, value, "no", false) }},
	} {
		t.Run(name, func(t *testing.T) {
			whole := n.Main.Ctx
			defer func() { n.Main.Ctx = whole }()
			n.Main.Ctx, _ = whole.CacheContext()
			require.NoError(t, fates[0]())
			once := export(t, n)
			require.Error(t, fates[1]())
			require.Equal(t, once, export(t, n))
			n.Check(t)
		})
	}
}

// fate of a packet, as a transaction tells it.
func fate(n *books.Network, value []byte, ack string, timeout bool) error {
	ctx, write := n.Main.Ctx.CacheContext()
	err := n.Main.Billing.OnAnswer(ctx, books.ServiceClient, value, []byte(ack), timeout)
	if err == nil {
		write()
	}
	return err
}

// Only the very bytes of an acknowledgement mean success: variants are refusals, and the credit comes back.
func TestAcknowledgementsAreExact(t *testing.T) {
	for _, ack := range []string{types.AckOK + " ", " " + types.AckOK, types.AckOK + types.AckOK, "", `{"result":"AQ==","result":"AQ=="}`, "OK\x00"} {
		n := funded(t)
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 700_000})
		require.NoError(t, err)
		value := n.ToService().Packet(t, n.ToService().Pending()[0]).Payloads[0].Value
		require.NoError(t, fate(n, value, ack, false))
		require.Equal(t, uint64(deposited), export(t, n).Escrows[0].Free, "%q", ack)
		require.ErrorIs(t, fate(n, append(value, 0x78, 1), types.AckOK, false), types.ErrPacket, "a packet that is not canonical")
	}
}

// A settlement that fails at its end leaves nothing of its beginning.
func TestRefusedSettlementLeavesNothing(t *testing.T) {
	n := lined(t)
	before := export(t, n)
	value := settlement(t, 1, func(p *types.SettlementPacket) {
		p.Releases = []types.Release{{Owner: books.Address("ann"), Amount: 400}}
		pays("stranger", 600)(p)
	})
	ctx, _ := n.Main.Ctx.CacheContext()
	require.ErrorIs(t, n.Main.Billing.OnReceive(ctx, books.ServiceClient, value), servicestypes.ErrNotFound)
	require.Equal(t, before, export(t, n))
	n.Check(t)
}

// Nothing divides by what may be zero: an empty chain closes, a free service is paid nothing.
func TestNothingIsDividedByZero(t *testing.T) {
	n := books.New(t)
	n.Fund(t, "ann")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: books.Address("ann"), Amount: 1})
	require.NoError(t, err)
	res, err := exitChain(n, n.Founder)
	require.NoError(t, err)
	for n.Epoch(t) < res.ClosingEpoch+4 {
		n.NextEpoch(t)
	}
	_, err = closeLine(n, "ann")
	require.ErrorIs(t, err, types.ErrNotFound)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, &servicestypes.MsgWithdrawServiceChainDeposit{Operator: n.Founder, ChainId: books.ServiceID})
	require.NoError(t, err)

	gs := types.DefaultGenesisState()
	gs.EpochBlocks = 0
	require.ErrorIs(t, gs.Validate(), types.ErrInvalid)
	// All of a line that is settled: the pool is empty when it closes.
	n = lined(t)
	res, err = exitChain(n, n.Founder)
	require.NoError(t, err)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", 1_000))))
	for n.Epoch(t) < res.ClosingEpoch+4 {
		n.NextEpoch(t)
	}
	closed, err := closeLine(n, "ann")
	require.NoError(t, err)
	require.Zero(t, closed.Returned)
	n.Check(t)
}

// Fee and payment sum to the amount, and rounding favours the provider, for any amount and fee.
func TestFeesAreExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := lined(t)
		params := types.DefaultParams()
		params.FeeBps = rapid.Uint32Range(0, 5_000).Draw(r, "bps")
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
		require.NoError(r, err)
		amount := rapid.Uint64Range(1, 1_000).Draw(r, "amount")
		pat, fees := n.Main.Balance(books.Address("pat")), n.Main.ModuleBalance("fee_collector")
		require.NoError(r, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", amount))))
		n.NextEpoch(t)
		n.NextEpoch(t)
		paid, fee := n.Main.Balance(books.Address("pat"))-pat, n.Main.ModuleBalance("fee_collector")-fees
		require.Equal(r, amount, paid+fee)
		require.Equal(r, amount*uint64(params.FeeBps)/10_000, fee)
	})
}

// Two messages of one block may come in either order: a late dispute and the closing of the line it would feed leave the same books.
func TestDisputeAndClosingRace(t *testing.T) {
	var outcomes []*types.GenesisState
	for _, disputeFirst := range []bool{true, false} {
		n, sessions, msg := settled(t)
		res, err := exitChain(n, n.Founder)
		require.NoError(t, err)
		late := func() {
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
			require.ErrorIs(t, err, types.ErrDispute)
		}
		answerLate := func() {
			_, err := books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions...))
			require.Error(t, err)
		}
		for n.Epoch(t) < res.ClosingEpoch+4 {
			n.NextEpoch(t)
		}
		if disputeFirst {
			late()
			answerLate()
		}
		_, err = closeLine(n, "ann")
		require.NoError(t, err)
		if !disputeFirst {
			answerLate()
			late()
		}
		n.Check(t)
		outcomes = append(outcomes, export(t, n))
	}
	require.Equal(t, outcomes[0], outcomes[1])
}

// What costs nothing is refused, and what is cheap is capped per account.
func TestSpamOfCreditLines(t *testing.T) {
	n := lined(t)
	n.Fund(t, "eve")
	eve := books.Address("eve")
	open := func(chain string, amount uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: chain, Amount: amount})
		return err
	}
	require.ErrorIs(t, open(books.ServiceID, 0), types.ErrInvalid)
	var last error
	for i := 1; last == nil; i++ {
		require.Less(t, i, 100, "some line is one too many")
		n.Fund(t, "eve")
		id, client := fmt.Sprintf("spam-%d", i), fmt.Sprintf("07-tendermint-%d", 100+i)
		n.Main.Clients.Known[client] = id
		_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceChain, &servicestypes.MsgRegisterServiceChain{Operator: eve, ChainId: id, Type: "messaging", Deposit: servicestypes.DefaultParams().MinChainDeposit})
		require.NoError(t, err)
		_, err = books.Do(n.Main.Ctx, n.Main.Services.LinkServiceChain, &servicestypes.MsgLinkServiceChain{Operator: eve, ChainId: id, ClientId: client})
		require.NoError(t, err)
		last = open(id, 1)
	}
	require.ErrorIs(t, last, types.ErrLimit)
	n.Check(t)
}

// An answer holds a bounded number of vouchers; more come with the next.
func TestAnswersAreBounded(t *testing.T) {
	_, sessions, msg := settled(t)
	long := make([]*voucher.Evidence, 65)
	for i := range long {
		long[i] = sessions[0]
	}
	require.ErrorIs(t, answer(msg, long...).ValidateBasic(), types.ErrInvalid)
}
