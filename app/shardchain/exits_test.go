package shardchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/inprocess"
	billingkeeper "github.com/topnetwork/top/x/billing/keeper"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
)

// validator of the main chain.
func validator() sdk.ValAddress { return sdk.ValAddress(mainValidator().PubKey().Address()) }

// Coins of a shard arrive on the main chain in one step of their user, and do there what the memo says, exactly once; what cannot be done comes back.
func TestDepositsFromShards(t *testing.T) {
	g := newGated(t, 2, nil)
	s, u := g.shards[0], g.shards[0].users[0]
	other := inprocess.Account("other")
	for _, c := range []struct {
		memo  string
		check func(amount uint64)
		back  bool
	}{
		{"", func(amount uint64) { require.Equal(t, amount, g.main.Balance(u.account())) }, false},
		{"to=" + other.String(), func(amount uint64) { require.Equal(t, amount, g.main.Balance(other)) }, false},
		{"stake=" + validator().String(), func(amount uint64) {
			d, err := g.main.App.Staking.GetDelegation(g.main.Context(), u.account(), validator())
			require.NoError(t, err)
			require.EqualValues(t, amount, d.Shares.TruncateInt64())
		}, false},
		{"escrow", func(amount uint64) {
			res, err := billingkeeper.NewQueryServer(g.main.App.Billing).Escrow(g.main.Context(), &billingtypes.QueryEscrowRequest{Owner: u.account().String()})
			require.NoError(t, err)
			require.Equal(t, amount, res.Escrow.Free)
		}, false},
		{"stake=" + sdk.ValAddress(other).String(), nil, true},
		{"node", nil, true},
		{"line=top-none-1", nil, true},
		{"to=" + sdk.AccAddress(g.main.App.Account.GetModuleAddress("bonded_tokens_pool")).String(), nil, true},
	} {
		t.Run(c.memo, func(t *testing.T) {
			const amount = 1_000_000
			before, mine := s.utop(u), g.main.Balance(u.account())
			raw := u.toGate(c.memo, amount)
			require.NoError(t, s.Insert(t.Context(), raw))
			require.True(t, s.process(raw))
			require.True(t, s.block(raw)[0].IsOK())
			g.check()
			require.Equal(t, before-amount, s.utop(u))
			g.carry()
			if c.back {
				require.Equal(t, before, s.utop(u))
				require.Equal(t, mine, g.main.Balance(u.account()), "not on the main chain as well")
				return
			}
			c.check(amount)
			require.Equal(t, before-amount, s.utop(u))
		})
	}
}

// Coins leave the main chain for an account of a shard, and come back to it where the shard cannot credit them.
func TestExitsToShards(t *testing.T) {
	g := newGated(t, 2, func(gs *gatetypes.GenesisState) { gs.Params.MinExit = 1 })
	ann := inprocess.Account("ann")
	for i, s := range g.shards {
		u, before := s.users[0], s.utop(s.users[0])
		res := g.sent("ann", &gatetypes.MsgExit{Sender: ann.String(), To: sendtx.Bech32(u.address), Amount: 5_000_000})
		require.Zero(t, res.Code, res.Log)
		g.check()
		batches := g.fromMain(i)
		require.Len(t, batches, 1)
		// The other shard does not take it.
		raw := g.toShard(i, batches[0])
		wrong := g.toShard(1-i, batches[0])
		require.False(t, g.shards[1-i].process(wrong))
		require.ErrorContains(t, g.shards[1-i].Insert(t.Context(), wrong), "unknown ledger")
		require.NoError(t, s.Insert(t.Context(), raw))
		require.True(t, s.process(raw))
		require.True(t, s.block(raw)[0].IsOK())
		require.Equal(t, before+5_000_000, s.utop(u))
		g.check()
		require.False(t, s.process(raw), "a replay")
		require.False(t, s.block(raw)[0].IsOK())
		require.Equal(t, before+5_000_000, s.utop(u))
		g.carry()
	}
	// Less than an account holds at least, for one that is not there: the coins are the sender's on the main chain again.
	held := g.main.Balance(ann)
	res := g.sent("ann", &gatetypes.MsgExit{Sender: ann.String(), Amount: 10})
	require.Zero(t, res.Code, res.Log)
	require.Equal(t, held-10, g.main.Balance(ann))
	g.carry()
	require.Equal(t, held, g.main.Balance(ann))
}

// What the main chain takes no batch for: it was taken, another comes first, it is another's, its header is signed by nobody who counts.
func TestDeliveriesThatAreRefused(t *testing.T) {
	g := newGated(t, 2, nil)
	s, u := g.shards[0], g.shards[0].users[0]
	for range 2 {
		require.True(t, s.block(u.toGate("", 1_000_000))[0].IsOK())
	}
	batches := g.fromShard(0)
	require.Len(t, batches, 2)
	first, second := g.toMain(0, batches[0]), g.toMain(0, batches[1])
	refuses := func(why string, res *abci.ExecTxResult) {
		t.Helper()
		require.NotZero(t, res.Code)
		require.Contains(t, res.Log, why)
		g.check()
	}
	refuses("missing before this one", g.deliver(second))
	forged := first
	strangers := newCommittee(s.chain, 1)
	proof := *first.Proof
	proof.Header = strangers.sign(t, s.chain, s.height+1, s.last)
	forged.Proof = &proof
	refuses("signed by the set", g.deliver(forged))
	forged = first
	forged.Batch = append([]byte(nil), first.Batch...)
	forged.Batch[len(forged.Batch)-1-2-1] ^= 1
	refuses("", g.deliver(forged))
	between := s.users[0].send(g.shards[1].users[0], 1_000_000)
	require.True(t, s.block(between)[0].IsOK())
	x := &exchange{t: t, shards: g.shards, committees: [2]committee{g.committee, g.committee}}
	refuses("this is "+inprocess.ChainID, g.deliver(g.toMain(0, x.waiting(0)[0])))

	res := g.deliver(first, second)
	require.Zero(t, res.Code, res.Log)
	require.Equal(t, uint64(2_000_000), g.main.Balance(u.account()))
	g.check()
	refuses("taken already", g.deliver(first))
	refuses("taken already", g.deliver(first, second))
	require.Equal(t, uint64(2_000_000), g.main.Balance(u.account()))
}

// A transfer to the gate that does not say what is to be done is refused where it is sent, before it leaves; and by a shard without a main chain whatever it says.
func TestMemosThatAreRefused(t *testing.T) {
	g := newGated(t, 1, nil)
	alone := newShard(t, 1)
	for _, c := range []struct {
		on   *shard
		memo string
		why  string
	}{
		{g.shards[0], "hello", "stake=topvaloper1"},
		{g.shards[1], "stake=" + inprocess.Account("ann").String(), "want topvaloper1"},
		{g.shards[0], "to=", "want top1"},
		{g.shards[0], "node=me", "write nothing"},
		{alone, "", "sends nothing to others"},
	} {
		u := c.on.users[0]
		raw := u.toGate(c.memo, 1_000_000)
		u.next--
		res, err := c.on.CheckTx(&abci.RequestCheckTx{Tx: raw})
		require.NoError(t, err)
		require.NotZero(t, res.Code)
		require.Contains(t, res.Log, c.why)
		require.False(t, c.on.process(raw))
		require.False(t, c.on.block(raw)[0].IsOK())
		require.EqualValues(t, funds, c.on.utop(u))
	}
}
