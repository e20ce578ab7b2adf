package keeper_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/services/types"
)

func TestAnyoneFoundsTypeChainAndProvider(t *testing.T) {
	n := books.New(t)
	n.Fund(t, "eve")
	eve, params := books.Address("eve"), types.DefaultParams()
	_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceType, &types.MsgRegisterServiceType{
		Creator: eve, Name: "radio", Description: "live audio", Measures: []string{"kib", "second"}, Deposit: params.MinTypeDeposit,
	})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceChain, &types.MsgRegisterServiceChain{Operator: eve, ChainId: "radio-1", Type: "radio", Deposit: params.MinChainDeposit})
	require.NoError(t, err)
	n.Main.Clients.Known["07-tendermint-8"] = "radio-1"
	_, err = books.Do(n.Main.Ctx, n.Main.Services.LinkServiceChain, &types.MsgLinkServiceChain{Operator: eve, ChainId: "radio-1", ClientId: "07-tendermint-8"})
	require.NoError(t, err)
	msg := books.Registration("eve")
	msg.ChainId, msg.Prices = "radio-1", []voucher.Price{{Measure: "kib", Utop: 1}, {Measure: "second", Utop: 2}}
	msg.KeySignature = ed25519.Sign(books.Key("eve"), voucher.ProviderKeySignBytes(books.MainID, "radio-1", eve, msg.Key))
	_, err = books.Do(n.Main.Ctx, n.Main.Services.RegisterProvider, msg)
	require.NoError(t, err)
	deposits := params.MinTypeDeposit + params.MinChainDeposit + params.MinProviderDeposit
	require.Equal(t, books.Funds-deposits, n.Main.Balance(eve))
	n.Check(t)

	exported, err := n.Main.Services.ExportGenesis(n.Main.Ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	fresh := books.New(t)
	require.Error(t, fresh.Main.Services.InitGenesis(fresh.Main.Ctx, exported), "the bank does not have the deposits")
	fresh = books.New(t)
	fresh.Fund(t, "eve")
	require.NoError(t, fresh.Main.Bank.SendCoinsFromAccountToModule(fresh.Main.Ctx, books.Account("eve"), types.ModuleName, books.Coins(deposits)))
	require.NoError(t, fresh.Main.Services.InitGenesis(fresh.Main.Ctx, exported))
	again, err := fresh.Main.Services.ExportGenesis(fresh.Main.Ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)
}

func TestChainsThatAreRefused(t *testing.T) {
	n := books.New(t)
	n.Fund(t, "eve")
	eve, deposit := books.Address("eve"), types.DefaultParams().MinChainDeposit
	for name, c := range map[string]struct {
		msg  types.MsgRegisterServiceChain
		want error
	}{
		"taken":            {types.MsgRegisterServiceChain{Operator: eve, ChainId: books.ServiceID, Type: "messaging", Deposit: deposit}, types.ErrExists},
		"the main chain":   {types.MsgRegisterServiceChain{Operator: eve, ChainId: books.MainID, Type: "messaging", Deposit: deposit}, types.ErrInvalid},
		"no revision":      {types.MsgRegisterServiceChain{Operator: eve, ChainId: "radio", Type: "messaging", Deposit: deposit}, types.ErrInvalid},
		"unknown type":     {types.MsgRegisterServiceChain{Operator: eve, ChainId: "radio-1", Type: "radio", Deposit: deposit}, types.ErrNotFound},
		"too little":       {types.MsgRegisterServiceChain{Operator: eve, ChainId: "radio-1", Type: "messaging", Deposit: deposit - 1}, types.ErrDeposit},
		"more than it has": {types.MsgRegisterServiceChain{Operator: eve, ChainId: "radio-1", Type: "messaging", Deposit: books.Funds + 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceChain, &c.msg)
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.Equal(t, uint64(books.Funds), n.Main.Balance(eve))
		})
	}
}

func TestLinksThatAreRefused(t *testing.T) {
	n := books.New(t)
	n.Fund(t, "eve")
	eve := books.Address("eve")
	_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceChain, &types.MsgRegisterServiceChain{Operator: eve, ChainId: "top-vpn-1", Type: "vpn", Deposit: types.DefaultParams().MinChainDeposit})
	require.NoError(t, err)
	link := func(operator, chain, client string) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Services.LinkServiceChain, &types.MsgLinkServiceChain{Operator: operator, ChainId: chain, ClientId: client})
		return err
	}
	n.Main.Clients.Known["07-tendermint-8"] = "top-vpn-1"
	require.ErrorIs(t, link(n.Founder, "top-vpn-1", "07-tendermint-8"), types.ErrUnauthorized)
	require.ErrorIs(t, link(eve, books.ServiceID, "07-tendermint-8"), types.ErrUnauthorized)
	require.ErrorIs(t, link(eve, "top-vpn-1", books.ServiceClient), types.ErrExists, "the client stands for another chain")
	require.ErrorContains(t, link(eve, "top-vpn-1", "07-tendermint-9"), "follows", "a client of nothing")
	require.ErrorIs(t, link(eve, "top-cdn-1", "07-tendermint-8"), types.ErrNotFound)
	require.NoError(t, link(eve, "top-vpn-1", "07-tendermint-8"))
	require.ErrorIs(t, link(eve, "top-vpn-1", "07-tendermint-8"), types.ErrExists, "once")
}

func TestProvidersThatAreRefused(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.Fund(t, "eve")
	for name, c := range map[string]struct {
		change func(*types.MsgRegisterProvider)
		want   error
	}{
		"another's key":         {func(m *types.MsgRegisterProvider) { m.Key = books.Public("pat") }, types.ErrExists},
		"a key not proven":      {func(m *types.MsgRegisterProvider) { m.Key = books.Public("quin") }, types.ErrUnauthorized},
		"a proof for another":   {func(m *types.MsgRegisterProvider) { m.KeySignature = books.Registration("pat").KeySignature }, types.ErrUnauthorized},
		"a short key":           {func(m *types.MsgRegisterProvider) { m.Key = m.Key[1:] }, types.ErrInvalid},
		"no endpoint":           {func(m *types.MsgRegisterProvider) { m.Endpoints = nil }, types.ErrInvalid},
		"no multiaddr":          {func(m *types.MsgRegisterProvider) { m.Endpoints = []string{"example.org:4001"} }, types.ErrInvalid},
		"a price too few":       {func(m *types.MsgRegisterProvider) { m.Prices = m.Prices[1:] }, types.ErrInvalid},
		"a price for something": {func(m *types.MsgRegisterProvider) { m.Prices[0].Measure = "second" }, types.ErrInvalid},
		"a price beyond bounds": {func(m *types.MsgRegisterProvider) { m.Prices[0].Utop = ^uint64(0) }, types.ErrInvalid},
		"too little deposit":    {func(m *types.MsgRegisterProvider) { m.Deposit-- }, types.ErrDeposit},
		"an unknown chain":      {func(m *types.MsgRegisterProvider) { m.ChainId = "top-vpn-1" }, types.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			msg := books.Registration("eve")
			c.change(msg)
			_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterProvider, msg)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, uint64(books.Funds), n.Main.Balance(books.Address("eve")))
		})
	}
	_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterProvider, books.Registration("pat"))
	require.ErrorIs(t, err, types.ErrExists)
}

func TestServiceChainHearsOfProviders(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	update := &types.MsgUpdateProvider{
		Address: books.Address("pat"), ChainId: books.ServiceID, Endpoints: []string{"/ip4/127.0.0.1/tcp/5"}, Status: types.ProviderStatus_PROVIDER_STATUS_INACTIVE,
		Prices: []voucher.Price{{Measure: "kib", Utop: 1}, {Measure: "message", Utop: 2}},
	}
	_, err := books.Do(n.Main.Ctx, n.Main.Services.UpdateProvider, update)
	require.NoError(t, err)
	pending := n.ToService().Pending()
	require.Len(t, pending, 2)
	require.True(t, n.ToService().Receive(t, pending[1]))
	require.True(t, n.ToService().Receive(t, pending[0]), "the older record comes last and changes nothing")
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.Providers, 1)
	require.False(t, gs.Providers[0].Active)
	require.Equal(t, update.Prices, gs.Providers[0].Prices)
	require.True(t, n.Service.Accounts.HasAccount(n.Service.Ctx, books.Account("pat")), "it can sign there")

	update.Address = books.Address("eve")
	_, err = books.Do(n.Main.Ctx, n.Main.Services.UpdateProvider, update)
	require.ErrorIs(t, err, types.ErrNotFound)
	update.Status = 0
	_, err = books.Do(n.Main.Ctx, n.Main.Services.UpdateProvider, update)
	require.ErrorIs(t, err, types.ErrInvalid)
}
