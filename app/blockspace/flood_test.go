package blockspace_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const credit = 1_000_000

// flooders are accounts that fill blocks.
func flooders(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("flooder %d", i)
	}
	return names
}

// chain on which payers have credit and "pat" is a provider, to whom "ann" has allotted all of hers.
func chain(t *testing.T, mempool int, payers ...string) *inprocess.Service {
	t.Helper()
	pat, ann := inprocess.Account("pat").String(), inprocess.Account("ann").String()
	return inprocess.NewService(t, mempool, func(gs *usagetypes.GenesisState) {
		gs.Seed = books.FarSeed()
		gs.Providers = []usagetypes.Provider{{Address: pat, Key: books.Public("pat"), Active: true}}
		for _, name := range append(payers, "ann") {
			owner := inprocess.Account(name).String()
			gs.Credits = append(gs.Credits, usagetypes.Credit{
				Owner: owner, Credited: credit,
				SessionKeys: []billingtypes.SessionKey{{Key: books.Public(name), CapUtop: credit, ExpiresEpoch: 1_000, GrantedBy: owner}},
			})
		}
		gs.Credits[len(payers)].Allotted = credit
		gs.SubLines = []usagetypes.SubLine{{Owner: ann, Provider: pat, SessionKey: books.Public("ann"), Amount: credit}}
		gs.KeySpendings = []usagetypes.KeySpending{{Owner: ann, Key: books.Public("ann"), Allotted: credit}}
	}, append(payers, "pat", "ann")...)
}

// tx of an account that has sent earlier ones which are in no block yet.
func tx(t *testing.T, s *inprocess.Service, name string, earlier, gas uint64, msgs ...sdk.Msg) []byte {
	t.Helper()
	acc := s.App.Account.GetAccount(s.Context(), inprocess.Account(name))
	sequence := acc.GetSequence() + earlier
	return s.Sign(t, inprocess.Tx{
		Messages: msgs, Signer: inprocess.Key(name), Sequence: &sequence,
		Change: func(b client.TxBuilder) { b.SetGasLimit(gas) },
	})
}

func allot(name string) sdk.Msg {
	return &usagetypes.MsgAllot{
		Owner: inprocess.Account(name).String(), Provider: inprocess.Account("pat").String(), SessionKey: books.Public(name), Amount: 1,
	}
}

// claim of pat for a session of epoch 0 with ann.
func claim(t *testing.T) *books.Claim {
	t.Helper()
	session := books.Session("pat", "ann", 0, 5, 1)
	session.Offer.Provider, session.Open.Payer = inprocess.Account("pat").String(), inprocess.Account("ann").String()
	books.Sign(session, "pat", "ann")
	c := books.NewClaim(t, "pat", 0, session)
	c.Provider = inprocess.Account("pat").String()
	return c
}

func claimed(t *testing.T, s *inprocess.Service) usagetypes.Claim {
	t.Helper()
	res, err := keeper.NewQueryServer(s.App.Usage).Claim(s.Context(), &usagetypes.QueryClaimRequest{Provider: inprocess.Account("pat").String()})
	require.NoError(t, err)
	return res.Claim
}

// Accounts that fill every block do not keep claim and proof out of the very next ones, though these come last. What an honest node proposes is accepted.
func TestFloodDoesNotDelayProofs(t *testing.T) {
	const gas = 20_000_000
	names := flooders(10)
	s := chain(t, 200, names...)
	for s.App.LastBlockHeight() < 10 {
		s.Block(t)
	}
	flood := func() {
		for _, name := range names {
			for i := range uint64(8) {
				s.Check(t, tx(t, s, name, i, gas, allot(name)))
			}
		}
	}
	next := func() {
		txs, accepted := s.Propose(t)
		require.True(t, accepted)
		require.Len(t, txs, 15, "the block is full")
		for _, res := range s.Block(t, txs...).TxResults {
			require.Zero(t, res.Code, res.Log)
		}
	}
	flood()
	require.Greater(t, s.App.Mempool().CountTx(), 50)
	c := claim(t)
	require.Zero(t, s.Check(t, tx(t, s, "pat", 0, gas, c.MsgClaim)).Code)
	next()
	require.Equal(t, usagetypes.ClaimStatus_CLAIM_STATUS_CLAIMED, claimed(t, s).Status)
	next()
	require.Equal(t, usagetypes.ClaimStatus_CLAIM_STATUS_CHALLENGED, claimed(t, s).Status)
	flood()
	require.Zero(t, s.Check(t, tx(t, s, "pat", 0, gas, c.Prove(t, claimed(t, s).Seed, usagetypes.DefaultParams().Samples))).Code)
	next()
	require.Equal(t, usagetypes.ClaimStatus_CLAIM_STATUS_PROVEN, claimed(t, s).Status)
}

// A full mempool has room for proofs.
func TestRoomIsKeptForProofs(t *testing.T) {
	names := flooders(3)
	s := chain(t, 8, names...)
	refused := 0
	for _, name := range names {
		for i := range uint64(2) {
			if res := s.Check(t, tx(t, s, name, i, 1_000_000, allot(name))); res.Code != 0 {
				require.Contains(t, res.Log, "kept for proofs")
				refused++
				break
			}
		}
	}
	require.Equal(t, 4, s.App.Mempool().CountTx(), "half of it")
	require.Equal(t, 1, refused)
	require.Zero(t, s.Check(t, tx(t, s, "pat", 0, 1_000_000, claim(t).MsgClaim)).Code)
	stranger := *claim(t).MsgClaim
	stranger.Provider = inprocess.Account("ann").String()
	require.Contains(t, s.Check(t, tx(t, s, "ann", 0, 1_000_000, &stranger)).Log, "kept for proofs", "a claim of no provider is no claim")
}

// One account with many transactions delays another by one.
func TestAccountsTakeTurns(t *testing.T) {
	s := chain(t, 100, "rich", "poor")
	for i := range uint64(20) {
		require.Zero(t, s.Check(t, tx(t, s, "rich", i, 50_000_000, allot("rich"))).Code)
	}
	poor := tx(t, s, "poor", 0, 50_000_000, allot("poor"))
	require.Zero(t, s.Check(t, poor).Code)
	txs, accepted := s.Propose(t)
	require.True(t, accepted)
	require.Len(t, txs, 6)
	require.Equal(t, poor, txs[1])
}

// The quota is held in the mempool, in proposals and in blocks, and renews with the next epoch.
func TestQuotaOfBlocks(t *testing.T) {
	s := chain(t, 5_000, "ann's friend")
	quota := uint64(usagetypes.DefaultParams().MaxTxsPerEpoch)
	send := func(i uint64) []byte {
		return tx(t, s, "ann's friend", i, 500_000, &banktypes.MsgSend{FromAddress: inprocess.Account("ann's friend").String(), ToAddress: inprocess.Account("ann").String(), Amount: sdk.NewCoins(sdk.NewInt64Coin("uop", 1))})
	}
	txs := make([][]byte, quota+1)
	for i := range txs {
		txs[i] = send(uint64(i))
	}
	for _, x := range txs[:quota] {
		require.Zero(t, s.Check(t, x).Code)
	}
	require.Contains(t, s.Check(t, txs[quota]).Log, "renews with block 11")
	proposed, accepted := s.Propose(t)
	require.True(t, accepted)
	require.Len(t, proposed, int(quota))
	require.False(t, s.Accepts(t, txs...), "who proposes more is refused")
	require.NotZero(t, s.Block(t, txs...).TxResults[quota].Code, "and what is in a block all the same is not executed")
	for s.App.LastBlockHeight() < 11 { // CheckTx knows the last block
		s.Block(t)
	}
	require.Zero(t, s.Check(t, send(0)).Code)
}

// No transaction is so large that it keeps others out.
func TestTransactionsAreBounded(t *testing.T) {
	s := chain(t, 100, "rich")
	require.Contains(t, s.Check(t, tx(t, s, "rich", 0, 75_000_001, allot("rich"))).Log, "a share of a block")
	large := tx(t, s, "rich", 0, 75_000_000, slices.Repeat([]sdk.Msg{allot("rich")}, 600)...)
	require.Contains(t, s.Check(t, large).Log, "at most 65536")
}

// Accounts come with credit: nobody makes more of them by granting something to new ones.
func TestGrantsMakeNoAccounts(t *testing.T) {
	s := chain(t, 100, "rich")
	grant, err := authz.NewMsgGrant(inprocess.Account("rich"), inprocess.Account("nobody"), authz.NewGenericAuthorization("/x"), nil)
	require.NoError(t, err)
	require.Contains(t, s.Check(t, tx(t, s, "rich", 0, 1_000_000, grant)).Log, "not offered on this chain")
	allowance, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{}, inprocess.Account("rich"), inprocess.Account("nobody"))
	require.NoError(t, err)
	require.Contains(t, s.Check(t, tx(t, s, "rich", 0, 1_000_000, allowance)).Log, "not offered on this chain")
}

// A provider sends one claim or proof after the other; a pile of them is refused.
func TestProofsDoNotPileUp(t *testing.T) {
	s := chain(t, 100)
	for i := range uint64(8) {
		require.Zero(t, s.Check(t, tx(t, s, "pat", i, 1_000_000, claim(t).MsgClaim)).Code)
	}
	require.Contains(t, s.Check(t, tx(t, s, "pat", 8, 1_000_000, claim(t).MsgClaim)).Log, "8 transactions of this account wait")
}
