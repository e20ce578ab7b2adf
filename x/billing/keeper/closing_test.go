package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// shared is a service chain with lines of 1,000 utop of ann and 2,001 of an app.
func shared(t *testing.T) *books.Network {
	t.Helper()
	n := lined(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: books.Address("app"), Amount: 5_000})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("app"), ChainId: books.ServiceID, Amount: 2_001})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	return n
}

func exitChain(n *books.Network, signer string) (*servicestypes.MsgExitServiceChainResponse, error) {
	return books.Do(n.Main.Ctx, n.Main.Services.ExitServiceChain, &servicestypes.MsgExitServiceChain{Signer: signer, ChainId: books.ServiceID})
}

func closeLine(n *books.Network, owner string) (*types.MsgCloseCreditLineResponse, error) {
	return books.Do(n.Main.Ctx, n.Main.Billing.CloseCreditLine, &types.MsgCloseCreditLine{Signer: books.Address("pat"), Owner: books.Address(owner), ChainId: books.ServiceID})
}

// When a service chain ends, what its payers put behind it and nobody earned comes back to them.
func TestServiceChainExit(t *testing.T) {
	n := shared(t)
	_, err := exitChain(n, books.Address("ann"))
	require.ErrorIs(t, err, servicestypes.ErrUnauthorized, "the client is fine, the operator alone may")
	res, err := exitChain(n, n.Founder)
	require.NoError(t, err)
	_, err = exitChain(n, n.Founder)
	require.ErrorIs(t, err, servicestypes.ErrExiting)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 1})
	require.ErrorIs(t, err, servicestypes.ErrExiting, "nothing new begins")
	n.Fund(t, "quin")
	_, err = books.Do(n.Main.Ctx, n.Main.Services.RegisterProvider, books.Registration("quin"))
	require.ErrorIs(t, err, servicestypes.ErrExiting)
	// What is under way is settled until then.
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", 600))))
	_, err = closeLine(n, "ann")
	require.ErrorIs(t, err, types.ErrInvalid, "not yet")
	withdraw := &servicestypes.MsgWithdrawServiceChainDeposit{Operator: n.Founder, ChainId: books.ServiceID}
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, withdraw)
	require.ErrorIs(t, err, servicestypes.ErrInvalid, "not yet")
	for n.Epoch(t) < res.ClosingEpoch {
		n.NextEpoch(t)
	}
	n.Block(t)
	_, err = closeLine(n, "ann")
	require.ErrorIs(t, err, types.ErrInvalid, "its last payouts may be disputed")
	nextEpochs(t, n, 4)
	require.ErrorIs(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 2, pays("pat", 100))), types.ErrInvalid, "it is closed")
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, withdraw)
	require.ErrorIs(t, err, types.ErrInvalid, "payers first")

	// 2,401 are left of 3,001.
	ann, err := closeLine(n, "ann")
	require.NoError(t, err)
	require.Equal(t, uint64(800), ann.Returned, "⌊2,401 × 1,000 / 3,001⌋")
	n.Check(t)
	_, err = closeLine(n, "ann")
	require.ErrorIs(t, err, types.ErrInvalid, "once")
	app, err := closeLine(n, "app")
	require.NoError(t, err)
	require.Equal(t, uint64(2_401-800), app.Returned, "the last has the rest")
	_, err = closeLine(n, "bob")
	require.ErrorIs(t, err, types.ErrNotFound)
	n.Check(t)
	before := n.Main.Balance(n.Founder)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, &servicestypes.MsgWithdrawServiceChainDeposit{Operator: books.Address("ann"), ChainId: books.ServiceID})
	require.ErrorIs(t, err, servicestypes.ErrUnauthorized)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, withdraw)
	require.NoError(t, err)
	require.Equal(t, before+servicestypes.DefaultParams().MinChainDeposit, n.Main.Balance(n.Founder))
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawServiceChainDeposit, withdraw)
	require.Error(t, err, "once")
	n.Check(t)
	require.NoError(t, export(t, n).Validate())
}

// A chain that nobody can hear any more is closed by anyone: credit that is in flight comes back with the share and not once more.
func TestDeadServiceChainIsClosedByAnyone(t *testing.T) {
	n := shared(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 500})
	require.NoError(t, err)
	flying := n.ToService().Pending()[0]
	delete(n.Main.Clients.Known, books.ServiceClient)
	n.Main.Out.Down = types.ErrPacket
	// Its keys can still be revoked.
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
		Signer: books.Address("ann"), Owner: books.Address("ann"), Key: books.Public("ann"), CapUtop: 5, ExpiresEpoch: 9,
	})
	require.NoError(t, err)
	res, err := exitChain(n, books.Address("ann"))
	require.NoError(t, err)
	for n.Epoch(t) < res.ClosingEpoch+4 {
		n.NextEpoch(t)
	}
	n.Block(t)
	ann, err := closeLine(n, "ann")
	require.NoError(t, err)
	require.Equal(t, uint64(1_500), ann.Returned)
	n.Main.Clients.Known[books.ServiceClient] = books.ServiceID
	before := export(t, n)
	n.ToService().TimeOut(t, flying)
	require.Equal(t, before, export(t, n), "it came back before")
	app, err := closeLine(n, "app")
	require.NoError(t, err)
	require.Equal(t, uint64(2_001), app.Returned)
	n.Check(t)
}

// What lies behind a chain is in proportion to its deposit, so that no settlement is ever too large.
func TestExposure(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	params := types.DefaultParams()
	params.ExposureBps = 1 // of the chain's deposit
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	limit := servicestypes.DefaultParams().MinChainDeposit / 10_000
	n.AddPayer(t, "ann", limit, 1)
	n.Fund(t, "eve")
	eve := books.Address("eve")
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: eve, Amount: 2 * limit})
	require.NoError(t, err)
	open := func(amount uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: eve, ChainId: books.ServiceID, Amount: amount})
		return err
	}
	require.ErrorIs(t, open(1), types.ErrExposure)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", limit))), "all of it at once")
	require.ErrorIs(t, open(1), types.ErrExposure, "it is not paid")
	nextEpochs(t, n, 2)
	require.NoError(t, open(1), "it was paid")
	require.ErrorIs(t, open(limit), types.ErrExposure)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.AddServiceChainDeposit, &servicestypes.MsgAddServiceChainDeposit{Sender: eve, ChainId: books.ServiceID, Amount: 10_000})
	require.NoError(t, err)
	require.NoError(t, open(1), "more deposit, more credit")
	n.Check(t)
}

// A provider leaves while its claims are open: they are paid, then its deposit comes back.
func TestProviderExitWithOpenClaims(t *testing.T) {
	n, sessions, msg := settled(t)
	exit := &servicestypes.MsgExitProvider{Address: books.Address("pat"), ChainId: books.ServiceID}
	res, err := books.Do(n.Main.Ctx, n.Main.Services.ExitProvider, exit)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.ExitProvider, exit)
	require.ErrorIs(t, err, servicestypes.ErrExiting)
	update := books.Registration("pat")
	_, err = books.Do(n.Main.Ctx, n.Main.Services.UpdateProvider, &servicestypes.MsgUpdateProvider{
		Address: update.Address, ChainId: update.ChainId, Endpoints: update.Endpoints, Prices: update.Prices, Status: servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE,
	})
	require.ErrorIs(t, err, servicestypes.ErrExiting, "it does not come back by an update")
	n.ToService().Deliver(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.False(t, gs.Providers[0].Active, "it is allotted nothing new")

	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	withdraw := &servicestypes.MsgWithdrawProviderDeposit{Address: books.Address("pat"), ChainId: books.ServiceID}
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawProviderDeposit, withdraw)
	require.ErrorIs(t, err, servicestypes.ErrExiting, "not yet")
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, sessions...))
	require.NoError(t, err)
	n.Main.Refused[books.Address("pat")] = true
	nextEpochs(t, n, 2)
	require.Equal(t, types.PayoutStatus_PAYOUT_STATUS_HELD, export(t, n).Payouts[0].Status)
	for n.Epoch(t) < res.ExitEpoch {
		n.NextEpoch(t)
	}
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawProviderDeposit, withdraw)
	require.ErrorIs(t, err, types.ErrInvalid, "a payout is held")
	delete(n.Main.Refused, books.Address("pat"))
	before := n.Main.Balance(books.Address("pat"))
	retry := &types.MsgRetryPayout{Signer: books.Address("ann"), ChainId: msg.ChainId, Epoch: msg.Epoch, Provider: msg.Provider}
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.RetryPayout, retry)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.RetryPayout, retry)
	require.ErrorIs(t, err, types.ErrInvalid, "it is pending")
	n.Block(t)
	require.Equal(t, before+1_188, n.Main.Balance(books.Address("pat")))
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawProviderDeposit, withdraw)
	require.NoError(t, err)
	require.Equal(t, before+1_188+servicestypes.DefaultParams().MinProviderDeposit, n.Main.Balance(books.Address("pat")))
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawProviderDeposit, withdraw)
	require.ErrorIs(t, err, servicestypes.ErrInvalid, "once")
	n.Check(t)
}

func TestDeposits(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	pat := books.Address("pat")
	before := provider(t, n, "pat").Deposit
	res, err := books.Do(n.Main.Ctx, n.Main.Services.AddProviderDeposit, &servicestypes.MsgAddProviderDeposit{Address: pat, ChainId: books.ServiceID, Amount: 7})
	require.NoError(t, err)
	require.Equal(t, before+7, res.Deposit)
	for name, amount := range map[string]uint64{"nothing": 0, "more than it has": books.Funds, "overflow": ^uint64(0)} {
		t.Run(name, func(t *testing.T) {
			_, err := books.Do(n.Main.Ctx, n.Main.Services.AddProviderDeposit, &servicestypes.MsgAddProviderDeposit{Address: pat, ChainId: books.ServiceID, Amount: amount})
			require.Error(t, err)
			require.Equal(t, before+7, provider(t, n, "pat").Deposit)
		})
	}
	n.Check(t)
}
