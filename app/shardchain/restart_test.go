package shardchain_test

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// resumed shard that goes on from a frozen one.
func (s *shard) resumed(heir latticetypes.Members, final uint64, hash []byte) *shard {
	s.t.Helper()
	c := &shard{t: s.t, chain: heir.Ledger, db: dbm.NewMemDB(), dir: s.t.TempDir(), height: s.height, users: s.users}
	var accounts bytes.Buffer
	_, err := s.BequeathFrozen(final+1, hash, &accounts)
	require.ErrorContains(s.t, err, "what counts is that before block")
	state, err := s.BequeathFrozen(final, hash, &accounts)
	require.NoError(s.t, err)
	state, err = shardchain.Resume(state, heir)
	require.NoError(s.t, err)
	c.open()
	require.NoError(s.t, os.WriteFile(filepath.Join(c.dir, latticetypes.AccountsName+".genesis"), accounts.Bytes(), 0o600))
	params := cmttypes.DefaultConsensusParams().ToProto()
	_, err = c.InitChain(&abci.RequestInitChain{
		Time: start.Add(time.Duration(s.height) * time.Second), ChainId: c.chain, ConsensusParams: &params, AppStateBytes: state, InitialHeight: s.height + 1,
	})
	require.NoError(s.t, err)
	c.block()
	return c
}

// sendAs signs for a shard that was restarted so often.
func (u *user) sendAs(restarts, sequence uint64, to *user, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: to.address, Key: u.key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}}, "")
	return t.Signed(ed25519.Sign(u.secret, t.SignBytesAs(latticetypes.Network, restarts)))
}

// A shard is frozen and goes on from its last audited block: what it had sent since, and others have got, its senders pay before anything else; what it had taken since comes again; what nobody can pay is written down. What was signed before counts
// no more, and at every height no coin is gone or new but for those.
func TestRestart(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 6, main.genesis())
	// The twin stays where the other will be frozen.
	twin := newExchangeWith(t, 6, main.genesis()).shards[0]
	frozen, other := x.shards[0], x.shards[1]
	issued := x.held()
	both := func(txs ...[]byte) {
		t.Helper()
		for _, s := range []*shard{frozen, twin} {
			for _, res := range s.block(txs...) {
				require.True(t, res.IsOK(), res.Log)
			}
		}
	}
	here, there := frozen.users, other.users
	both(here[0].send(there[0], 100_000))
	first := x.waiting(0)
	require.True(t, other.block(x.delivery(0, first[0]))[0].IsOK())
	both(here[1].send(there[1], 120_000))
	require.Equal(t, frozen.last, twin.last)

	// From here on nothing is audited: some of it is taken by the other shard, and some of that shard's is taken here.
	final := uint64(frozen.height + 1)
	header := x.committees[0].sign(t, frozen.chain, int64(final), frozen.last)
	hash, err := cmttypes.HeaderFromProto(header.Header)
	require.NoError(t, err)
	require.True(t, other.block(there[2].send(here[2], 130_000))[0].IsOK())
	coming := x.delivery(1, x.waiting(1)[0])
	require.True(t, frozen.block(coming)[0].IsOK())
	require.True(t, frozen.block(here[3].send(here[4], 9_000_000_000), here[5].send(here[4], 9_000_000_000))[0].IsOK())
	replayed := here[0].send(there[3], 200_000)
	require.True(t, frozen.block(replayed)[0].IsOK())
	require.True(t, frozen.block(here[4].send(there[4], 25_000_000_000))[0].IsOK())
	require.True(t, frozen.block(here[1].send(there[5], 500_000))[0].IsOK())
	sent := x.waiting(0)
	require.Len(t, sent, 5)
	for _, b := range sent[1:4] {
		require.True(t, other.block(x.delivery(0, b))[0].IsOK())
	}
	late := x.delivery(0, sent[4])

	record := &shardstypes.Shard{Name: frozen.chain, Status: shardstypes.Status_STATUS_FROZEN, FinalHeight: final, FinalHash: hash.Hash()}
	main.tell(other, shardstypes.StoreKey, shardstypes.ShardKey(frozen.chain), record)
	require.False(t, other.process(late))
	require.Contains(t, other.block(late)[0].Log, "has ended")

	// It hears of it as well, where it still makes blocks, and takes nothing more; what it leaves is not that state.
	main.tell(frozen, shardstypes.StoreKey, shardstypes.ShardKey(frozen.chain), record)
	require.Contains(t, frozen.block(here[0].sendAs(0, here[0].next, here[1], 5))[0].Log, "has ended")
	_, ended, err := frozen.Ended()
	require.NoError(t, err)
	require.False(t, ended)

	// The next generation takes nothing before it has settled.
	const heir = "top-z0.s0-2"
	next := twin.resumed(x.committees[0].members(heir, 1, 1), final, hash.Hash())
	info := func() uint64 {
		shard, err := next.Lattice.Shard.Get(next.ctx())
		require.NoError(t, err)
		return shard.Restarts
	}
	require.EqualValues(t, 1, info())
	require.Contains(t, next.block(here[0].sendAs(1, 1, here[1], 5))[0].Log, "debits first")
	require.False(t, next.process(coming))

	x.shards[0] = next
	value, proof := x.prove(1, latticetypes.StandingKey(frozen.chain))
	var standing latticetypes.Standing
	require.NoError(t, standing.Unmarshal(value))
	owed := carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: &latticetypes.Owed{Ledger: other.chain, Standing: &standing, Proof: proof}}})
	require.True(t, next.process(owed))
	lie := standing
	lie.Taken = nil
	require.False(t, next.process(carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: &latticetypes.Owed{Ledger: other.chain, Standing: &lie, Proof: proof}}})))
	require.True(t, next.block(owed)[0].IsOK())
	require.False(t, next.process(owed))
	// Debts are paid from the newest batch on.
	redebit := func(b latticetypes.Batch) []byte {
		return carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Redebit{Redebit: &latticetypes.Redebit{Batch: b.Batch}}})
	}
	for _, wrong := range []latticetypes.Batch{sent[0], sent[1], sent[2], sent[4]} {
		require.False(t, next.process(redebit(wrong)))
	}
	require.True(t, next.process(redebit(sent[3]), redebit(sent[2])))
	for _, res := range next.block(redebit(sent[3]), redebit(sent[2])) {
		require.True(t, res.IsOK(), res.Log)
	}
	require.False(t, next.process(redebit(sent[2])))
	require.False(t, next.process(redebit(sent[1])), "its state has that one")
	require.Contains(t, next.block(here[0].sendAs(1, 1, here[1], 5))[0].Log, "debits first", "the main chain has not said what it took")

	// The main chain has taken nothing; that it knows of the end is proven by the same header.
	main.GetKVStore(main.keys[gatetypes.StoreKey]).Set([]byte{1}, []byte{1})
	main.Commit()
	require.True(t, next.block(main.update(next))[0].IsOK())
	key, err := latticetypes.InboxKey(frozen.chain)
	require.NoError(t, err)
	prove := func(store string, key []byte) *storetypes.ResponseQuery {
		res, err := main.Query(&storetypes.RequestQuery{Path: "/" + store + "/key", Data: key, Height: main.LastCommitID().Version, Prove: true})
		require.NoError(t, err)
		return res
	}
	absent, known := prove(gatetypes.StoreKey, key), prove(shardstypes.StoreKey, shardstypes.ShardKey(frozen.chain))
	bz, err := record.Marshal()
	require.NoError(t, err)
	ofMain := carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: &latticetypes.Owed{
		Ledger: mainChainID, Standing: &latticetypes.Standing{Ledger: frozen.chain}, Proof: &latticetypes.Proof{MainHeight: main.height, Ops: absent.ProofOps},
		Record: &latticetypes.Fact{Height: main.height, Store: shardstypes.StoreKey, Key: shardstypes.ShardKey(frozen.chain), Value: bz, Ops: known.ProofOps},
	}}})
	require.True(t, next.block(ofMain)[0].IsOK())

	// Settled: senders have paid, one of them not all, for the coins were never its own.
	spent := func(u *user) int64 { return int64(twin.utop(u)) - int64(next.utop(u)) }
	require.EqualValues(t, 200_000, spent(here[0]))
	require.Zero(t, next.utop(here[4]))
	head, err := next.Lattice.Head.Get(next.ctx())
	require.NoError(t, err)
	require.EqualValues(t, 25_000_000_000-twin.utop(here[4]), head.Overdrawn.AmountOf("utop").Int64())
	require.False(t, next.process(replayed))
	require.Contains(t, next.block(replayed)[0].Log, "signature")
	require.True(t, next.block(here[0].sendAs(1, 1, here[1], 5))[0].IsOK())
	require.True(t, next.block(coming)[0].IsOK(), "what it had taken since comes again")
	require.EqualValues(t, -130_000, spent(here[2]))

	var sum int64
	for _, s := range []*shard{next, other} {
		require.NoError(t, s.Engine.Walk(func(r lattice.Record) error { sum += int64(r.Utop); return nil }))
		require.NoError(t, s.Lattice.Outboxes.Walk(s.ctx(), nil, func(_ string, o latticetypes.Outbox) (bool, error) {
			sum += o.Total.AmountOf("utop").Int64()
			return false, nil
		}))
		require.NoError(t, s.Lattice.Inboxes.Walk(s.ctx(), nil, func(_ string, i latticetypes.Inbox) (bool, error) {
			sum -= i.Total.AmountOf("utop").Int64()
			return false, nil
		}))
		h, err := s.Lattice.Head.Get(s.ctx())
		require.NoError(t, err)
		sum += int64(h.Burned) - h.Overdrawn.AmountOf("utop").Int64()
	}
	require.Equal(t, issued, sum)
}
