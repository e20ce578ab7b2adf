package mainchain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
)

const edge = "https://edge.example.org"

// twoShards of a network.
var twoShards = trie.Table{{Prefix: lattice.Prefix{Len: 1}, Name: "top-z0.s0-1"}, {Prefix: lattice.Prefix{Bits: 1, Len: 1}, Name: "top-z0.s1-1"}}

func utop(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(base.Denom, n)) }

func granted(t *testing.T, msgs ...sdk.Msg) sdk.Msg {
	t.Helper()
	m := authz.NewMsgExec(inprocess.Account("bob"), msgs)
	return &m
}

func proposed(t *testing.T, msgs ...sdk.Msg) sdk.Msg {
	t.Helper()
	m, err := govv1.NewMsgSubmitProposal(msgs, utop(1_000_000), inprocess.Account("bob").String(), "", "title", "summary", false)
	require.NoError(t, err)
	return m
}

// Where users pay each other on shards, the main chain takes no payment of theirs, however it is wrapped, and says where to pay; everything else works on, and so does what modules pay.
func TestPaymentsClosed(t *testing.T) {
	ann, bob, gov := inprocess.Account("ann"), inprocess.Account("bob"), authtypes.NewModuleAddress(govtypes.ModuleName)
	send := banktypes.NewMsgSend(bob, ann, utop(1))
	multi := &banktypes.MsgMultiSend{Inputs: []banktypes.Input{{Address: bob.String(), Coins: utop(1)}}, Outputs: []banktypes.Output{{Address: ann.String(), Coins: utop(1)}}}
	spend := banktypes.NewMsgSend(gov, ann, utop(1))
	for _, c := range []struct {
		name    string
		msg     sdk.Msg
		refused bool
	}{
		{"a payment", send, true},
		{"payments", multi, true},
		{"a payment by grant", granted(t, send), true},
		{"payments by grant of a grant", granted(t, granted(t, multi)), true},
		{"by a grant to governance", proposed(t, func() sdk.Msg { m := authz.NewMsgExec(gov, []sdk.Msg{send}); return &m }()), true},
		{"what governance pays", proposed(t, spend), false},
		{"a gift to the community", distrtypes.NewMsgFundCommunityPool(utop(1), bob.String()), false},
		{"a deposit", &billingtypes.MsgDeposit{Owner: bob.String(), Amount: 1}, false},
		{"a delegation", &stakingtypes.MsgDelegate{DelegatorAddress: bob.String(), ValidatorAddress: bondedValidator(t), Amount: utop(1)[0]}, false},
		{"an exit", &gatetypes.MsgExit{Sender: bob.String(), Amount: 1_000_000}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := inprocess.Unborn()
			chain.InitShards(t, twoShards, 0, func(gs *gatetypes.GenesisState) { gs.Params.PaymentsClosed, gs.Params.Edge = true, edge }, "ann", "bob")
			chain.Block(t)
			res := chain.Send(t, "bob", c.msg)
			if !c.refused {
				require.Zero(t, res.Code, res.Log)
				return
			}
			require.Equal(t, gatetypes.ErrClosed.Codespace(), res.Codespace)
			require.Equal(t, gatetypes.ErrClosed.ABCICode(), res.Code)
			require.Contains(t, res.Log, edge)
			require.Contains(t, res.Log, "MsgExit")
		})
	}
}

func bondedValidator(t *testing.T) string {
	t.Helper()
	chain := inprocess.New(t)
	list, err := chain.App.Staking.GetBondedValidatorsByPower(chain.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0].OperatorAddress
}

// An upgrade closes payments, of a network with shards only.
func TestUpgradeClosesPayments(t *testing.T) {
	ann, bob := inprocess.Account("ann"), inprocess.Account("bob")
	for name, table := range map[string]trie.Table{"with shards": twoShards, "without": nil} {
		t.Run(name, func(t *testing.T) {
			chain := inprocess.Unborn()
			if table == nil {
				chain = inprocess.New(t, "ann", "bob")
			} else {
				chain.InitShards(t, table, 0, nil, "ann", "bob")
				chain.Block(t)
			}
			send := banktypes.NewMsgSend(bob, ann, utop(1))
			require.Zero(t, chain.Send(t, "bob", send).Code, "open until then")
			ctx := chain.Context()
			for _, c := range []struct{ info, where string }{
				{"", "each other on shards"}, {"see the release notes", "each other on shards"}, {`{"edge": "no address"}`, "each other on shards"},
				{`{"edge": "https://edge.example", "binaries": {}}`, "each other at https://edge.example"}, {"", "each other at https://edge.example"},
			} {
				require.NoError(t, chain.App.Upgrade.ApplyUpgrade(ctx, upgradetypes.Plan{Name: mainchain.PaymentsUpgrade, Height: ctx.BlockHeight(), Info: c.info}))
				err := chain.App.Gate.CheckPayment(ctx)
				if table == nil {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, gatetypes.ErrClosed)
				require.ErrorContains(t, err, c.where)
			}
			if table == nil {
				return
			}
			// Governance opens and closes them.
			params := gatetypes.DefaultParams()
			for _, closed := range []bool{false, true} {
				params.PaymentsClosed, params.Edge = closed, "https://other.example"
				_, err := chain.App.Gate.UpdateParams(ctx, &gatetypes.MsgUpdateParams{Authority: chain.App.Authority, Params: params})
				require.NoError(t, err)
				err = chain.App.Gate.CheckPayment(ctx)
				require.Equal(t, closed, errors.Is(err, gatetypes.ErrClosed))
				require.Equal(t, closed, err != nil && strings.Contains(err.Error(), params.Edge))
			}
		})
	}
}

// A network without shards cannot close them, by genesis or by governance.
func TestPaymentsStayOpenWithoutShards(t *testing.T) {
	chain := inprocess.New(t, "ann")
	params := gatetypes.DefaultParams()
	params.PaymentsClosed = true
	_, err := chain.App.Gate.UpdateParams(chain.Context(), &gatetypes.MsgUpdateParams{Authority: chain.App.Authority, Params: params})
	require.ErrorIs(t, err, gatetypes.ErrInvalid)
	_, err = chain.App.Gate.UpdateParams(chain.Context(), &gatetypes.MsgUpdateParams{Authority: inprocess.Account("ann").String(), Params: gatetypes.DefaultParams()})
	require.ErrorIs(t, err, gatetypes.ErrUnauthorized)
}
