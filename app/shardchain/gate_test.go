package shardchain_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"

	sdked25519 "github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/testutil/inprocess"
	gatekeeper "github.com/topnetwork/top/x/gate/keeper"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// gated is a main chain and two shards, each in this process, and what a router knows of them.
type gated struct {
	t      *testing.T
	main   *inprocess.Chain
	shards [2]*shard
	// committee of each shard: the main chain's only validator.
	committee committee
	// chain of the main chain's headers, as the shards' light clients see them, and the one that each trusts.
	chain   *headers.Chain
	trusted [2]int64
}

// mainValidator's key, as inprocess has it.
func mainValidator() cmted25519.PrivKey {
	seed := sha256.Sum256([]byte("validator"))
	return cmted25519.PrivKey(sdked25519.GenPrivKeyFromSecret(seed[:]).Bytes())
}

// newGated network, whose shards have so many users each.
func newGated(t *testing.T, users int, change func(*gatetypes.GenesisState)) *gated {
	t.Helper()
	g := &gated{t: t, main: inprocess.Unborn(), committee: committee{mainValidator()}, trusted: [2]int64{1, 1}}
	g.chain = &headers.Chain{ID: inprocess.ChainID, Power: memberPower, Start: start.Add(-time.Hour), Committee: func(int64) []cmted25519.PrivKey { return headers.Keys(0, 4) }, App: map[int64][]byte{}}
	g.main.InitShards(t, halves.Table(), uint64(2*users*funds), change, "ann", "router")
	g.blocks(1)
	light := &lighttypes.GenesisState{Params: lighttypes.DefaultParams(), Headers: []lighttypes.Header{lighttypes.HeaderOf(g.chain.Header(1))}}
	light.Params.MainChainId = inprocess.ChainID
	var members []latticetypes.Members
	for i := range g.shards {
		members = append(members, g.committee.members(halves.Routes[i].Name, 1, 1))
	}
	g.shards = newHalvesWith(t, users, func(gs *latticetypes.GenesisState) { gs.Members = members }, light)
	g.check()
	return g
}

// sent by a name on the main chain, in a block of its own.
func (g *gated) sent(name string, msgs ...sdk.Msg) *abci.ExecTxResult {
	g.t.Helper()
	res := g.main.Send(g.t, name, msgs...)
	g.committed()
	return res
}

func (g *gated) blocks(n int) {
	g.t.Helper()
	for range n {
		g.main.Block(g.t)
		g.committed()
	}
}

// committed block: the next header commits its state.
func (g *gated) committed() {
	g.chain.App[g.main.App.LastBlockHeight()+1] = g.main.App.LastCommitID().Hash
}

// byMain proves a key of the gate's store to shard i, which takes the header first.
func (g *gated) byMain(i int, key []byte) ([]byte, *latticetypes.Proof) {
	g.t.Helper()
	height := g.main.App.LastBlockHeight()
	if by := height + 1; g.trusted[i] < by {
		raw := carried(g.t, &latticetypes.Carried{Content: &latticetypes.Carried_MainHeader{MainHeader: g.chain.Update(g.trusted[i], by)}})
		require.NoError(g.t, g.shards[i].Insert(g.t.Context(), raw))
		require.True(g.t, g.shards[i].block(raw)[0].IsOK())
		g.trusted[i] = by
	}
	res, err := g.main.App.Query(g.t.Context(), &abci.RequestQuery{Path: "/store/" + gatetypes.StoreKey + "/key", Data: key, Height: height, Prove: true})
	require.NoError(g.t, err)
	require.Zero(g.t, res.Code, res.Log)
	return res.Value, &latticetypes.Proof{MainHeight: height + 1, Ops: res.ProofOps}
}

// byShard proves a key of a shard's store.
func (g *gated) byShard(i int, key []byte) ([]byte, *latticetypes.Proof) {
	x := &exchange{t: g.t, shards: g.shards, committees: [2]committee{g.committee, g.committee}}
	return x.prove(i, key)
}

// fromMain are the batches that wait for shard i.
func (g *gated) fromMain(i int) []latticetypes.Batch {
	g.t.Helper()
	res, err := gatekeeper.NewQueryServer(g.main.App.Gate).Batches(g.main.Context(), &gatetypes.QueryBatchesRequest{Destination: g.shards[i].chain})
	require.NoError(g.t, err)
	return res.Batches
}

// fromShard are the batches that wait for the main chain.
func (g *gated) fromShard(i int) []latticetypes.Batch {
	g.t.Helper()
	s := g.shards[i]
	bz, err := (&latticetypes.QueryBatchesRequest{Destination: inprocess.ChainID}).Marshal()
	require.NoError(g.t, err)
	res, err := s.Query(g.t.Context(), &abci.RequestQuery{Path: "/top.lattice.v1.Query/Batches", Data: bz})
	require.NoError(g.t, err)
	require.Zero(g.t, res.Code, res.Log)
	var out latticetypes.QueryBatchesResponse
	require.NoError(g.t, out.Unmarshal(res.Value))
	return out.Batches
}

// toShard is the carried delivery of a batch of the main chain.
func (g *gated) toShard(i int, b latticetypes.Batch) []byte {
	g.t.Helper()
	value, proof := g.byMain(i, b.Key)
	hash := receipt.Hash(b.Batch)
	require.Equal(g.t, hash[:], value)
	return carried(g.t, &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: b.Batch, Proof: proof}}})
}

// toMain is the delivery of a batch of shard i.
func (g *gated) toMain(i int, b latticetypes.Batch) latticetypes.Delivery {
	g.t.Helper()
	_, proof := g.byShard(i, b.Key)
	return latticetypes.Delivery{Batch: b.Batch, Proof: proof}
}

// deliver batches of shards to the main chain.
func (g *gated) deliver(deliveries ...latticetypes.Delivery) *abci.ExecTxResult {
	g.t.Helper()
	return g.sent("router", &gatetypes.MsgDeliver{Signer: inprocess.Account("router").String(), Deliveries: deliveries})
}

// carry all that waits, both ways, with all confirmations, until nothing waits.
func (g *gated) carry() {
	g.t.Helper()
	for again := true; again; {
		again = false
		for i, s := range g.shards {
			for _, b := range g.fromMain(i) {
				if b.Height <= g.takenByShard(i).Taken.Height {
					continue
				}
				raw := g.toShard(i, b)
				require.True(g.t, s.process(raw))
				require.True(g.t, s.block(raw)[0].IsOK())
				again = true
			}
			g.check()
			for _, b := range g.fromShard(i) {
				if b.Height <= g.ledger(i).Inbox.Taken.Height {
					continue
				}
				res := g.deliver(g.toMain(i, b))
				require.Zero(g.t, res.Code, res.Log)
				again = true
				g.check()
			}
			g.confirm(i)
		}
	}
	for i := range g.shards {
		require.Empty(g.t, g.fromMain(i))
		require.Empty(g.t, g.fromShard(i))
	}
}

// ledger of shard i, as the main chain has it.
func (g *gated) ledger(i int) latticetypes.Ledger {
	g.t.Helper()
	res, err := gatekeeper.NewQueryServer(g.main.App.Gate).Ledgers(g.main.Context(), &gatetypes.QueryLedgersRequest{})
	require.NoError(g.t, err)
	for _, l := range res.Ledgers {
		if l.Name == g.shards[i].chain {
			return l
		}
	}
	g.t.Fatalf("the main chain does not know %s", g.shards[i].chain)
	return latticetypes.Ledger{}
}

// takenByShard i from the main chain.
func (g *gated) takenByShard(i int) latticetypes.Inbox {
	g.t.Helper()
	s := g.shards[i]
	in, err := s.Lattice.Inboxes.Get(s.ctx(), inprocess.ChainID)
	if err != nil {
		require.ErrorIs(g.t, err, collections.ErrNotFound)
	}
	return in
}

// confirm both ways what has been taken.
func (g *gated) confirm(i int) {
	g.t.Helper()
	s := g.shards[i]
	if in := g.takenByShard(i); in.Taken.Height > g.ledger(i).Outbox.Confirmed.Height {
		res := g.sent("router", &gatetypes.MsgConfirm{Signer: inprocess.Account("router").String(), Confirmations: []latticetypes.Confirmation{g.confirmation(i)}})
		require.Zero(g.t, res.Code, res.Log)
	}
	box, err := s.Lattice.Outboxes.Get(s.ctx(), inprocess.ChainID)
	if err != nil {
		require.ErrorIs(g.t, err, collections.ErrNotFound)
	}
	if in := g.ledger(i).Inbox; in.Taken.Height > box.Confirmed.Height {
		key, err := latticetypes.InboxKey(s.chain)
		require.NoError(g.t, err)
		value, proof := g.byMain(i, key)
		var inbox latticetypes.Inbox
		require.NoError(g.t, inbox.Unmarshal(value))
		raw := carried(g.t, &latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: &latticetypes.Confirmation{Destination: inprocess.ChainID, Inbox: &inbox, Proof: proof}}})
		require.True(g.t, s.process(raw))
		require.True(g.t, s.block(raw)[0].IsOK())
	}
}

// confirmation by shard i of what it has taken from the main chain.
func (g *gated) confirmation(i int) latticetypes.Confirmation {
	g.t.Helper()
	key, err := latticetypes.InboxKey(inprocess.ChainID)
	require.NoError(g.t, err)
	value, proof := g.byShard(i, key)
	var inbox latticetypes.Inbox
	require.NoError(g.t, inbox.Unmarshal(value))
	return latticetypes.Confirmation{Destination: g.shards[i].chain, Inbox: &inbox, Proof: proof}
}

// check that the gate holds what shards have, what is on the way, and what waits to be carried out: to the utop.
func (g *gated) check() {
	g.t.Helper()
	ctx := g.main.Context()
	require.NoError(g.t, g.main.App.Gate.Invariants(ctx))
	b, err := g.main.App.Gate.Books(ctx)
	require.NoError(g.t, err)
	want := b.Sent.Sub(b.Taken).Add(b.Queued)
	for i, s := range g.shards {
		head, err := s.Lattice.Head.Get(s.ctx())
		require.NoError(g.t, err)
		want = want.AddRaw(int64(head.Burned))
		require.NoError(g.t, s.Engine.Walk(func(r lattice.Record) error {
			want = want.AddRaw(int64(r.Utop))
			return nil
		}))
		for _, name := range []string{inprocess.ChainID, g.shards[1-i].chain} {
			if o, err := s.Lattice.Outboxes.Get(s.ctx(), name); err == nil {
				want = want.Add(o.Total.AmountOf("utop"))
			}
			if in, err := s.Lattice.Inboxes.Get(s.ctx(), name); err == nil {
				want = want.Sub(in.Total.AmountOf("utop"))
			}
		}
	}
	require.Equal(g.t, want.String(), b.Balance.String(), "on shards and on the way, and in the gate's account")
}

// pay the gate from a shard, with a memo that says what for.
func (u *user) toGate(memo string, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: receipt.GateAddress(), Key: u.key, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, memo)
	u.next++
	return t.Signed(ed25519.Sign(u.secret, t.SignBytes(latticetypes.Network)))
}

// account of a shard's user on the main chain.
func (u *user) account() sdk.AccAddress { return u.address[:] }
