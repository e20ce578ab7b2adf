package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

const deposited = 1_000_000

// funded is a network on which "ann" has an escrow and "pat" is a provider.
func funded(t *testing.T) *books.Network {
	t.Helper()
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.Fund(t, "ann", "app")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: books.Address("ann"), Amount: deposited})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	return n
}

func export(t *testing.T, n *books.Network) *types.GenesisState {
	t.Helper()
	gs, err := n.Main.Billing.ExportGenesis(n.Main.Ctx)
	require.NoError(t, err)
	return gs
}

func TestDepositsThatAreRefused(t *testing.T) {
	n := funded(t)
	deposit := func(owner string, amount uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &types.MsgDeposit{Owner: owner, Amount: amount})
		return err
	}
	require.ErrorIs(t, deposit(books.Address("ann"), 0), types.ErrInvalid)
	require.ErrorIs(t, deposit("ann", 1), types.ErrInvalid)
	require.Error(t, deposit(books.Address("pauper"), 1), "no coins")
	require.Error(t, deposit(books.Address("ann"), books.Funds), "more than there is")
	require.ErrorIs(t, deposit(books.Address("ann"), ^uint64(0)), types.ErrOverflow)
	require.Len(t, export(t, n).Escrows, 1)
	require.Equal(t, uint64(deposited), export(t, n).Escrows[0].Free)
	n.Check(t)
}

func TestWithdrawalByNoticeAndDelay(t *testing.T) {
	n := funded(t)
	ann := books.Address("ann")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.SetReserve, &types.MsgSetReserve{Owner: ann, Reserve: 400_000})
	require.NoError(t, err)
	request := func(amount uint64) (*types.MsgRequestWithdrawalResponse, error) {
		return books.Do(n.Main.Ctx, n.Main.Billing.RequestWithdrawal, &types.MsgRequestWithdrawal{Owner: ann, Amount: amount})
	}
	_, err = request(600_001)
	require.ErrorIs(t, err, types.ErrInsufficient, "the reserve stays")
	res, err := request(600_000)
	require.NoError(t, err)
	withdraw := func() error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.Withdraw, &types.MsgWithdraw{Owner: ann})
		return err
	}
	before := n.Main.Balance(ann)
	for range types.DefaultParams().WithdrawalDelayEpochs {
		require.ErrorIs(t, withdraw(), types.ErrInvalid)
		n.NextEpoch(t)
	}
	require.Equal(t, res.ReleaseEpoch, n.Epoch(t))
	require.NoError(t, withdraw())
	require.Equal(t, before+600_000, n.Main.Balance(ann))
	require.ErrorIs(t, withdraw(), types.ErrInvalid, "once")
	require.ErrorIs(t, func() error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.SetReserve, &types.MsgSetReserve{Owner: ann, Reserve: 400_001})
		return err
	}(), types.ErrInsufficient)
	n.Check(t)
}

func TestSessionKeysAndDelegates(t *testing.T) {
	n := funded(t)
	ann, app := books.Address("ann"), books.Address("app")
	add := func(signer, key string, limit, expires uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{
			Signer: signer, Owner: ann, Key: books.Public(key), CapUtop: limit, ExpiresEpoch: expires,
		})
		return err
	}
	delegate := func(limit, expires uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.Delegate, &types.MsgDelegate{Owner: ann, Delegate: app, LimitUtop: limit, ExpiresEpoch: expires})
		return err
	}
	require.NoError(t, add(ann, "one", 100, 5))
	require.ErrorIs(t, add(ann, "one", 200, 5), types.ErrInvalid, "the key is there")
	require.ErrorIs(t, add(app, "two", 100, 5), types.ErrUnauthorized, "no delegate")
	require.NoError(t, delegate(150, 5))
	require.ErrorIs(t, add(app, "two", 100, 6), types.ErrUnauthorized, "longer than the delegation")
	require.NoError(t, add(app, "two", 100, 5))
	require.ErrorIs(t, add(app, "three", 51, 5), types.ErrLimit, "100 + 51 > 150")
	require.ErrorIs(t, add(app, "three", ^uint64(0), 5), types.ErrOverflow)
	require.NoError(t, add(app, "three", 50, 5))
	require.NoError(t, delegate(0, 0))
	require.ErrorIs(t, add(app, "four", 1, 5), types.ErrUnauthorized, "the delegation ended")

	revoke := func(signer, key string) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.RevokeSessionKey, &types.MsgRevokeSessionKey{Signer: signer, Owner: ann, Key: books.Public(key)})
		return err
	}
	require.ErrorIs(t, revoke(app, "one"), types.ErrUnauthorized, "the owner added it")
	require.NoError(t, revoke(app, "two"))
	require.NoError(t, revoke(ann, "three"), "an owner may revoke what a delegate added")
	require.Error(t, revoke(ann, "three"))

	for range 6 {
		n.NextEpoch(t)
	}
	require.ErrorIs(t, add(ann, "late", 1, 5), types.ErrInvalid, "expired before it begins")
	require.ErrorIs(t, delegate(10, 5), types.ErrInvalid)
	for i := range types.DefaultParams().MaxSessionKeys {
		require.NoError(t, add(ann, string(rune('a'+i)), 1, 9), "expired keys make room")
	}
	require.ErrorIs(t, add(ann, "one too many", 1, 9), types.ErrLimit)
}

// Keys reach every chain with a line, and packets that overtake each other leave the newest set.
func TestNewestKeysWin(t *testing.T) {
	n := funded(t)
	ann := books.Address("ann")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: ann, ChainId: books.ServiceID, Amount: 1_000})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	for _, key := range []string{"one", "two"} {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &types.MsgAddSessionKey{Signer: ann, Owner: ann, Key: books.Public(key), CapUtop: 1, ExpiresEpoch: 9})
		require.NoError(t, err)
	}
	pending := n.ToService().Pending()
	require.Len(t, pending, 2)
	require.True(t, n.ToService().Receive(t, pending[1]))
	require.True(t, n.ToService().Receive(t, pending[0]))
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.Credits[0].SessionKeys, 2)
}

func TestCreditThatDoesNotArriveComesBack(t *testing.T) {
	for name, fate := range map[string]func(t *testing.T, d books.Direction, sequence uint64){
		"timeout": func(t *testing.T, d books.Direction, sequence uint64) { d.TimeOut(t, sequence) },
		"refusal": func(t *testing.T, d books.Direction, sequence uint64) { d.Refuse(t, sequence) },
	} {
		t.Run(name, func(t *testing.T) {
			n := funded(t)
			res, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 700_000})
			require.NoError(t, err)
			gs := export(t, n)
			require.Equal(t, uint64(300_000), gs.Escrows[0].Free)
			require.Equal(t, uint64(700_000), gs.CreditLines[0].InFlight)
			n.Check(t)
			fate(t, n.ToService(), res.Sequence)
			gs = export(t, n)
			require.Equal(t, uint64(deposited), gs.Escrows[0].Free)
			require.Zero(t, gs.CreditLines[0].Credited)
			require.Zero(t, gs.Pools[0].Amount)
			n.Check(t)
		})
	}
}

func TestCreditLinesThatAreRefused(t *testing.T) {
	n := funded(t)
	open := func(owner, chain string, amount uint64) error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: owner, ChainId: chain, Amount: amount})
		return err
	}
	ann := books.Address("ann")
	require.ErrorIs(t, open(ann, books.ServiceID, deposited+1), types.ErrInsufficient)
	require.ErrorIs(t, open(ann, books.ServiceID, 0), types.ErrInvalid)
	require.ErrorIs(t, open(ann, "top-vpn-1", 1), servicestypes.ErrNotFound)
	require.ErrorIs(t, open(books.Address("app"), books.ServiceID, 1), types.ErrNotFound)
	_, err := books.Do(n.Main.Ctx, n.Main.Services.RegisterServiceChain, &servicestypes.MsgRegisterServiceChain{
		Operator: n.Founder, ChainId: "top-vpn-1", Type: "vpn", Deposit: servicestypes.DefaultParams().MinChainDeposit,
	})
	require.NoError(t, err)
	require.ErrorIs(t, open(ann, "top-vpn-1", 1), servicestypes.ErrNotLinked)
	n.Main.Out.Down = errors.New("the client has expired")
	require.ErrorContains(t, open(ann, books.ServiceID, 1), "expired")
	require.Equal(t, uint64(deposited), export(t, n).Escrows[0].Free, "what was not sent was not taken")
	n.Check(t)
}

// settlement of a chain, as the value of a packet.
func settlement(t *testing.T, epoch uint64, change func(*types.SettlementPacket)) []byte {
	t.Helper()
	p := &types.SettlementPacket{ChainId: books.ServiceID, Epoch: epoch, DebitRoot: make([]byte, 32)}
	change(p)
	value, err := types.EncodePacket(&types.PacketData{Data: &types.PacketData_Settlement{Settlement: p}})
	require.NoError(t, err)
	return value
}

func pays(provider string, amount uint64) func(*types.SettlementPacket) {
	return func(p *types.SettlementPacket) {
		p.Totals = []types.ProviderTotal{{Provider: books.Address(provider), Amount: amount, Vouchers: 1}}
	}
}

// lined is a network where ann has put 1,000 utop behind the service chain.
func lined(t *testing.T) *books.Network {
	t.Helper()
	n := funded(t)
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 1_000})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	return n
}

func TestSettlementsAreIdempotent(t *testing.T) {
	n := lined(t)
	first := settlement(t, 3, pays("pat", 600))
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, first))
	once := export(t, n)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, first), "the same again")
	require.Equal(t, once, export(t, n))
	require.ErrorIs(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 3, pays("pat", 100))), types.ErrPacket, "other content for the same epoch")
	before := n.Main.Balance(books.Address("pat"))
	n.NextEpoch(t)
	n.NextEpoch(t)
	require.Equal(t, before+594, n.Main.Balance(books.Address("pat")))
	n.Check(t)
}

// A service chain draws what its payers put behind it, and nothing else.
func TestALyingServiceChain(t *testing.T) {
	n := lined(t)
	cases := map[string]struct {
		value  []byte
		client string
		want   error
	}{
		"more than its pool": {value: settlement(t, 1, pays("pat", 1_001)), want: types.ErrInsufficient},
		"in pay and releases": {value: settlement(t, 1, func(p *types.SettlementPacket) {
			pays("pat", 600)(p)
			p.Releases = []types.Release{{Owner: books.Address("ann"), Amount: 401}}
		}), want: types.ErrInsufficient},
		"for no provider": {value: settlement(t, 1, pays("stranger", 1)), want: servicestypes.ErrNotFound},
		"release without a line": {value: settlement(t, 1, func(p *types.SettlementPacket) {
			p.Releases = []types.Release{{Owner: books.Address("app"), Amount: 1}}
		}), want: types.ErrNotFound},
		"for another chain":        {value: settlement(t, 1, func(p *types.SettlementPacket) { p.ChainId = "top-vpn-1" }), want: types.ErrPacket},
		"through another client":   {value: settlement(t, 1, pays("pat", 1)), client: "07-tendermint-99", want: servicestypes.ErrNotFound},
		"not a packet":             {value: []byte("settle"), want: types.ErrPacket},
		"an empty packet":          {value: nil, want: types.ErrPacket},
		"a packet with more in it": {value: append(settlement(t, 1, pays("pat", 1)), 0x78, 1), want: types.ErrPacket},
	}
	before := export(t, n)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := books.ServiceClient
			if c.client != "" {
				client = c.client
			}
			attempt, _ := n.Main.Ctx.CacheContext()
			require.ErrorIs(t, n.Main.Billing.OnReceive(attempt, client, c.value), c.want)
		})
	}
	require.Equal(t, before, export(t, n))
	credit, err := types.EncodePacket(&types.PacketData{Data: &types.PacketData_Credit{Credit: &types.CreditPacket{Owner: books.Address("ann"), Amount: 5}}})
	require.NoError(t, err)
	require.ErrorIs(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, credit), types.ErrPacket, "credit comes from here alone")
}

func TestSettlementPacketsThatAreRefused(t *testing.T) {
	one, two := books.Address("pat"), books.Address("quin")
	if one > two {
		one, two = two, one
	}
	for name, change := range map[string]func(*types.SettlementPacket){
		"unsorted": func(p *types.SettlementPacket) {
			p.Totals = []types.ProviderTotal{{Provider: two, Amount: 1}, {Provider: one, Amount: 1}}
		},
		"twice": func(p *types.SettlementPacket) {
			p.Totals = []types.ProviderTotal{{Provider: one, Amount: 1}, {Provider: one, Amount: 1}}
		},
		"of nothing": func(p *types.SettlementPacket) { p.Releases = []types.Release{{Owner: one}} },
		"overflow": func(p *types.SettlementPacket) {
			p.Totals = []types.ProviderTotal{{Provider: one, Amount: ^uint64(0)}, {Provider: two, Amount: 1}}
		},
		"both overflow": func(p *types.SettlementPacket) {
			p.Totals = []types.ProviderTotal{{Provider: one, Amount: ^uint64(0)}}
			p.Releases = []types.Release{{Owner: one, Amount: 1}}
		},
		"no root":    func(p *types.SettlementPacket) { p.DebitRoot = nil },
		"no chain":   func(p *types.SettlementPacket) { p.ChainId = "" },
		"no address": func(p *types.SettlementPacket) { p.Totals = []types.ProviderTotal{{Provider: "pat", Amount: 1}} },
		"too many":   func(p *types.SettlementPacket) { p.Releases = make([]types.Release, types.MaxSettlementEntries+1) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &types.SettlementPacket{ChainId: books.ServiceID, Epoch: 1, DebitRoot: make([]byte, 32)}
			change(p)
			_, err := types.EncodePacket(&types.PacketData{Data: &types.PacketData_Settlement{Settlement: p}})
			require.Error(t, err)
		})
	}
}

// A payout that the bank refuses is set aside; others are paid and the chain goes on.
func TestPayoutThatTheBankRefuses(t *testing.T) {
	n := lined(t)
	n.RegisterProvider(t, "quin")
	n.ToService().Deliver(t)
	both := settlement(t, 1, func(p *types.SettlementPacket) {
		p.Totals = []types.ProviderTotal{{Provider: books.Address("pat"), Amount: 100}, {Provider: books.Address("quin"), Amount: 200}}
		if p.Totals[0].Provider > p.Totals[1].Provider {
			p.Totals[0], p.Totals[1] = p.Totals[1], p.Totals[0]
		}
	})
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, both))
	quin := n.Main.Balance(books.Address("quin"))
	n.Main.Refused[books.Address("pat")] = true
	n.NextEpoch(t)
	n.NextEpoch(t)
	require.Equal(t, quin+198, n.Main.Balance(books.Address("quin")))
	require.Equal(t, uint64(2), n.Main.ModuleBalance("fee_collector"), "a held payout pays no fee either")
	for _, p := range export(t, n).Payouts {
		want := types.PayoutStatus_PAYOUT_STATUS_PAID
		if p.Provider == books.Address("pat") {
			want = types.PayoutStatus_PAYOUT_STATUS_HELD
		}
		require.Equal(t, want, p.Status)
	}
	n.Check(t)
}

func TestPayoutsPerBlockAreCapped(t *testing.T) {
	n := lined(t)
	params := types.DefaultParams()
	params.MaxPayoutsPerBlock = 2
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	for epoch := uint64(1); epoch <= 5; epoch++ {
		require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, epoch, pays("pat", 100))))
	}
	paid := func() (count int) {
		for _, p := range export(t, n).Payouts {
			if p.Status == types.PayoutStatus_PAYOUT_STATUS_PAID {
				count++
			}
		}
		return count
	}
	for paid() == 0 {
		n.Block(t)
	}
	for _, want := range []int{2, 4, 5, 5} {
		require.Equal(t, want, paid())
		n.Block(t)
	}
	n.Check(t)
}

func TestParameterChanges(t *testing.T) {
	n := books.New(t)
	update := func(authority string, change func(*types.Params)) error {
		p := types.DefaultParams()
		change(&p)
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &types.MsgUpdateParams{Authority: authority, Params: p})
		return err
	}
	require.ErrorIs(t, update(n.Founder, func(*types.Params) {}), types.ErrUnauthorized)
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.WithdrawalDelayEpochs-- }), types.ErrInvalid, "windows never shorten")
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.PayoutWindowEpochs = 8 }), types.ErrInvalid, "a withdrawal must outlast claim, proof and payout")
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.FeeBps = 5_001 }), types.ErrInvalid)
	require.NoError(t, update(books.Authority(), func(p *types.Params) { p.FeeBps = 0; p.WithdrawalDelayEpochs++ }))
}

// A payout that is pending can be disputed: its window is never longer than service chains keep the debits.
func TestPayoutWindowsThatOutlastDebits(t *testing.T) {
	n := books.New(t)
	params := types.DefaultParams()
	params.WithdrawalDelayEpochs, params.PayoutWindowEpochs = 100, types.MaxPayoutWindow+1
	update := func() error {
		_, err := books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
		return err
	}
	require.ErrorContains(t, update(), "lower it")
	gs := export(t, n)
	gs.Params = params
	require.ErrorContains(t, gs.Validate(), "lower it")
	params.PayoutWindowEpochs--
	require.NoError(t, update())
}

// Coins that come unasked change nothing; coins that are missing are noticed.
func TestInvariantsSeeMissingCoins(t *testing.T) {
	n := lined(t)
	require.NoError(t, n.Main.Bank.SendCoinsFromAccountToModule(n.Main.Ctx, books.Account("app"), types.ModuleName, types.Coins(5)))
	require.NoError(t, n.Main.Billing.Invariants(n.Main.Ctx))
	require.NoError(t, n.Main.Bank.SendCoinsFromModuleToAccount(n.Main.Ctx, types.ModuleName, books.Account("app"), types.Coins(6)))
	require.ErrorIs(t, n.Main.Billing.Invariants(n.Main.Ctx), types.ErrInvariant)
}

func TestGenesisRoundTrip(t *testing.T) {
	n := lined(t)
	require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, settlement(t, 1, pays("pat", 300))))
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RequestWithdrawal, &types.MsgRequestWithdrawal{Owner: books.Address("ann"), Amount: 7})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.OpenCreditLine, &types.MsgOpenCreditLine{Owner: books.Address("ann"), ChainId: books.ServiceID, Amount: 11})
	require.NoError(t, err)
	exported := export(t, n)
	require.NoError(t, exported.Validate())

	fresh := books.New(t)
	require.ErrorIs(t, fresh.Main.Billing.InitGenesis(fresh.Main.Ctx, exported), types.ErrInvariant, "the bank does not have the coins")
	fresh = books.New(t)
	fresh.Fund(t, "ann")
	require.NoError(t, fresh.Main.Bank.SendCoinsFromAccountToModule(fresh.Main.Ctx, books.Account("ann"), types.ModuleName, types.Coins(deposited)))
	require.NoError(t, fresh.Main.Billing.InitGenesis(fresh.Main.Ctx, exported))
	require.Equal(t, exported, export(t, fresh))
	before := fresh.Main.Balance(books.Address("pat"))
	fresh.NextEpoch(t)
	fresh.NextEpoch(t)
	require.Equal(t, before+297, fresh.Main.Balance(books.Address("pat")), "the queue of payouts is rebuilt")
	fresh.Check(t)

	exported.Pools[0].Amount++
	require.ErrorIs(t, exported.Validate(), types.ErrInvariant)
}
