package shardchain_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
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

// resumed shard that goes on from a frozen one at once.
func (s *shard) resumed(heir latticetypes.Members, final uint64, hash []byte) *shard {
	s.t.Helper()
	return s.resumedAfter(0, heir, final, hash, func(height int64) (*cmttypes.Header, error) {
		return nil, fmt.Errorf("what is trusted is newer than %d", height)
	})
}

// resumedAfter so many seconds, which are as many heights here.
func (s *shard) resumedAfter(seconds int64, heir latticetypes.Members, final uint64, hash []byte, main shardchain.HeaderAt) *shard {
	s.t.Helper()
	c := &shard{t: s.t, chain: heir.Ledger, db: dbm.NewMemDB(), dir: s.t.TempDir(), height: s.height + seconds, users: s.users}
	var accounts bytes.Buffer
	_, err := s.BequeathFrozen(final+1, hash, &accounts)
	require.ErrorContains(s.t, err, "what counts is that before block")
	state, err := s.BequeathFrozen(final, hash, &accounts)
	require.NoError(s.t, err)
	state, err = shardchain.Resume(state, heir, main)
	require.NoError(s.t, err)
	c.open()
	require.NoError(s.t, os.WriteFile(filepath.Join(c.dir, latticetypes.AccountsName+".genesis"), accounts.Bytes(), 0o600))
	params := cmttypes.DefaultConsensusParams().ToProto()
	_, err = c.InitChain(&abci.RequestInitChain{
		Time: start.Add(time.Duration(s.height) * time.Second), ChainId: c.chain, ConsensusParams: &params, AppStateBytes: state, InitialHeight: c.height + 1,
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

// owed to the other shard's accounts, by how the frozen parent stands there.
func (x *exchange) owed(parent string, change func(*latticetypes.Standing)) []byte {
	x.t.Helper()
	value, proof := x.prove(1, latticetypes.StandingKey(parent))
	standing := &latticetypes.Standing{}
	require.NoError(x.t, standing.Unmarshal(value))
	change(standing)
	return carried(x.t, &latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: &latticetypes.Owed{Ledger: x.shards[1].chain, Standing: standing, Proof: proof}}})
}

func redebit(t *testing.T, b latticetypes.Batch) []byte {
	t.Helper()
	return carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Redebit{Redebit: &latticetypes.Redebit{Batch: b.Batch}}})
}

// settleWithMain chain, which has taken nothing of the frozen shard; that it knows of the end is proven by the same header.
func (x *exchange) settleWithMain(main *mainChain, frozen *shardstypes.Shard) {
	t, next := x.t, x.shards[0]
	t.Helper()
	main.GetKVStore(main.keys[gatetypes.StoreKey]).Set([]byte{1}, []byte{1})
	main.Commit()
	require.True(t, next.block(main.update(next))[0].IsOK())
	key, err := latticetypes.InboxKey(frozen.Name)
	require.NoError(t, err)
	prove := func(store string, key []byte) *storetypes.ResponseQuery {
		res, err := main.Query(&storetypes.RequestQuery{Path: "/" + store + "/key", Data: key, Height: main.LastCommitID().Version, Prove: true})
		require.NoError(t, err)
		return res
	}
	absent, known := prove(gatetypes.StoreKey, key), prove(shardstypes.StoreKey, shardstypes.ShardKey(frozen.Name))
	bz, err := frozen.Marshal()
	require.NoError(t, err)
	res := next.block(carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: &latticetypes.Owed{
		Ledger: mainChainID, Standing: &latticetypes.Standing{Ledger: frozen.Name}, Proof: &latticetypes.Proof{MainHeight: main.height, Ops: absent.ProofOps},
		Record: &latticetypes.Fact{Height: main.height, Store: shardstypes.StoreKey, Key: shardstypes.ShardKey(frozen.Name), Value: bz, Ops: known.ProofOps},
	}}}))
	require.True(t, res[0].IsOK(), res[0].Log)
}

// sum of what both shards hold, have burned and what is in flight, less what nobody could pay.
func (x *exchange) sum() int64 {
	sum := x.held()
	for _, s := range x.shards {
		if s == nil {
			continue
		}
		require.NoError(x.t, s.Lattice.Outboxes.Walk(s.ctx(), nil, func(_ string, o latticetypes.Outbox) (bool, error) {
			sum += o.Total.AmountOf("utop").Int64()
			return false, nil
		}))
		require.NoError(x.t, s.Lattice.Inboxes.Walk(s.ctx(), nil, func(_ string, i latticetypes.Inbox) (bool, error) {
			sum -= i.Total.AmountOf("utop").Int64()
			return false, nil
		}))
		h, err := s.Lattice.Head.Get(s.ctx())
		require.NoError(x.t, err)
		sum += int64(h.Burned) - h.Overdrawn.AmountOf("utop").Int64()
	}
	return sum
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
	owed := x.owed(frozen.chain, func(*latticetypes.Standing) {})
	require.True(t, next.process(owed))
	require.False(t, next.process(x.owed(frozen.chain, func(lie *latticetypes.Standing) { lie.Taken = nil })))
	require.True(t, next.block(owed)[0].IsOK())
	require.False(t, next.process(owed))
	// Debts are paid from the newest batch on.
	for _, wrong := range []latticetypes.Batch{sent[0], sent[1], sent[2], sent[4]} {
		require.False(t, next.process(redebit(t, wrong)))
	}
	require.True(t, next.process(redebit(t, sent[3]), redebit(t, sent[2])))
	for _, res := range next.block(redebit(t, sent[3]), redebit(t, sent[2])) {
		require.True(t, res.IsOK(), res.Log)
	}
	require.False(t, next.process(redebit(t, sent[2])))
	require.False(t, next.process(redebit(t, sent[1])), "its state has that one")
	require.Contains(t, next.block(here[0].sendAs(1, 1, here[1], 5))[0].Log, "debits first", "the main chain has not said what it took")

	x.settleWithMain(main, record)

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

	require.Equal(t, issued, x.sum())
}

// A captured shard's other batches have been taken in the place of the true ones: those can be taken nowhere any more, so that their senders get back what they sent, before anything else. No coin is gone or new.
func TestBatchesInWhosePlaceOthersWereTaken(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 6, main.genesis())
	twin := newExchangeWith(t, 6, main.genesis()).shards[0]
	frozen, other := x.shards[0], x.shards[1]
	issued := x.held()
	here, there := frozen.users, other.users
	good := func(s *shard, txs ...[]byte) {
		t.Helper()
		for _, res := range s.block(txs...) {
			require.True(t, res.IsOK(), res.Log)
		}
	}
	first := here[0].send(there[0], 100_000)
	good(frozen, first)
	good(twin, first)
	taken := x.waiting(0)[0]
	good(other, x.delivery(0, taken))
	confirmed := x.confirmation(1)
	good(frozen, confirmed)
	good(twin, confirmed)
	require.Equal(t, frozen.last, twin.last)
	before := map[*user]uint64{}
	for _, u := range here {
		before[u] = twin.utop(u)
	}

	// One committee, two chains: auditors know the twin, and the other shard was told the other one.
	good(twin, here[1].send(there[1], 120_000))
	// One payment stands in both, by an account that cannot pay it twice.
	same := here[5].send(there[5], 9_000_000_000)
	good(twin, here[2].send(there[2], 130_000), here[1].send(there[3], 140_000), same)
	good(frozen, here[3].send(there[3], 500_000), same)
	forged := x.waiting(0)
	require.Len(t, forged, 1)
	good(other, x.delivery(0, forged[0]))
	x.shards[0] = twin
	waiting := x.waiting(0)
	require.Len(t, waiting, 2)
	final := uint64(twin.height + 1)
	header, err := cmttypes.HeaderFromProto(x.committees[0].sign(t, twin.chain, int64(final), twin.last).Header)
	require.NoError(t, err)
	record := &shardstypes.Shard{Name: frozen.chain, Status: shardstypes.Status_STATUS_FROZEN, FinalHeight: final, FinalHash: header.Hash()}
	main.tell(other, shardstypes.StoreKey, shardstypes.ShardKey(frozen.chain), record)
	for _, b := range waiting {
		require.False(t, other.process(x.delivery(0, b)), "it has taken another one of that place")
	}

	next := twin.resumed(x.committees[0].members("top-z0.s0-2", 1, 1), final, header.Hash())
	x.shards[0] = next
	good(next, x.owed(frozen.chain, func(*latticetypes.Standing) {}))
	x.settleWithMain(main, record)
	for _, early := range append(waiting, taken) {
		require.False(t, next.process(redebit(t, early)))
	}
	require.False(t, next.process(redebit(t, forged[0]), redebit(t, waiting[1])), "what cannot be paid is known after the block")
	good(next, redebit(t, forged[0]))
	require.Contains(t, next.block(here[0].sendAs(1, 1, here[1], 5))[0].Log, "debits first")
	head, err := next.Lattice.Head.Get(next.ctx())
	require.NoError(t, err)
	require.Positive(t, head.Overdrawn.AmountOf("utop").Int64())
	require.False(t, next.process(redebit(t, waiting[0])), "the newest first")
	good(next, redebit(t, waiting[1]), redebit(t, waiting[0]))
	for _, again := range append(waiting, taken, forged[0]) {
		require.False(t, next.process(redebit(t, again)))
	}
	before[here[3]] -= 500_000
	before[here[5]] -= 9_000_000_000
	head, err = next.Lattice.Head.Get(next.ctx())
	require.NoError(t, err)
	require.True(t, head.Overdrawn.IsZero(), "what was paid once is owed by nobody")
	for _, u := range here {
		require.Equal(t, before[u], next.utop(u))
	}
	require.Equal(t, issued, x.sum())
	good(next, here[0].sendAs(1, 1, here[1], 5), here[1].sendAs(1, 2, there[1], 120_000))
	main.tell(other, shardstypes.StoreKey, shardstypes.CommitteeKey(next.chain, 1), x.committees[0].record(next.chain, 1, 0))
	good(other, x.delivery(0, x.waiting(0)[0]))
	require.Equal(t, issued, x.sum())
}

// A shard that is to become one with its sibling has ended when that is frozen, and never hears of it: what it took until then is its last word, by which the sibling's next generation settles. Both become one, which takes nothing more of who was frozen.
func TestSiblingThatHasEnded(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 6, main.genesis())
	twin := newExchangeWith(t, 6, main.genesis()).shards[0]
	frozen, other := x.shards[0], x.shards[1]
	issued := x.held()
	here, there := frozen.users, other.users
	good := func(s *shard, txs ...[]byte) {
		t.Helper()
		for _, res := range s.block(txs...) {
			require.True(t, res.IsOK(), res.Log)
		}
	}
	final := uint64(frozen.height + 1)
	header, err := cmttypes.HeaderFromProto(x.committees[0].sign(t, frozen.chain, int64(final), frozen.last).Header)
	require.NoError(t, err)
	good(frozen, here[0].send(there[0], 100_000))
	good(frozen, here[1].send(there[1], 110_000))
	sent := x.waiting(0)
	good(other, x.delivery(0, sent[0]))
	require.False(t, other.process(x.owed(frozen.chain, func(*latticetypes.Standing) {})))

	const both = "top-z0-2"
	main.tell(other, shardstypes.StoreKey, shardstypes.ShardKey(other.chain), &shardstypes.Shard{Name: other.chain, Status: shardstypes.Status_STATUS_MERGING, Children: []string{both}})
	other.block()
	late := x.delivery(0, sent[1])
	require.False(t, other.process(late), "it has ended")

	record := &shardstypes.Shard{Name: frozen.chain, Status: shardstypes.Status_STATUS_FROZEN, FinalHeight: final, FinalHash: header.Hash()}
	value, err := record.Marshal()
	require.NoError(t, err)
	main.GetKVStore(main.keys[shardstypes.StoreKey]).Set(shardstypes.ShardKey(frozen.chain), value)
	next := twin.resumed(x.committees[0].members("top-z0.s0-2", 1, 1), final, header.Hash())
	x.shards[0] = next
	require.False(t, next.process(x.owed(frozen.chain, func(lie *latticetypes.Standing) { lie.Taken = nil })))
	good(next, x.owed(frozen.chain, func(*latticetypes.Standing) {}))
	x.settleWithMain(main, record)
	good(next, redebit(t, sent[0]))
	require.Equal(t, issued, x.sum())

	main.tell(next, shardstypes.StoreKey, shardstypes.ShardKey(next.chain), &shardstypes.Shard{Name: next.chain, Status: shardstypes.Status_STATUS_MERGING, Children: []string{both}})
	next.block()
	one := merged(t, [2]*shard{next, other}, x.committees[0].members(both, 1, 1))
	standing, err := one.Lattice.Standings.Get(one.ctx(), frozen.chain)
	require.NoError(t, err)
	require.True(t, standing.Ended)
	require.False(t, standing.Closed, "it takes from others")
	require.False(t, one.process(late))
	require.Contains(t, one.block(late)[0].Log, "has ended")
	require.EqualValues(t, -100_000, int64(one.utop(here[0]))-funds)
	require.EqualValues(t, 100_000, int64(one.utop(there[0]))-funds)
	require.Zero(t, int64(one.utop(here[1]))-funds)
	x.shards = [2]*shard{one}
	require.Equal(t, issued, x.sum())
}

// A shard that stays frozen for longer than its light client trusts hears of the main chain again when it is restarted. What was on its way meanwhile, from it and to it, arrives once.
func TestFrozenBeyondTheTrustingPeriod(t *testing.T) {
	main := newMainChain(t)
	gs := main.genesis()
	gs.Params.TrustingPeriod = time.Minute
	const mainEpochBlocks, pause, epochs = 100, 620, 6
	x := &exchange{t: t}
	var members []latticetypes.Members
	for i := range x.committees {
		x.committees[i] = newCommittee(halves.Routes[i].Name, 3)
		members = append(members, x.committees[i].members(halves.Routes[i].Name, 1, 1))
	}
	x.shards = newHalvesWith(t, 6, func(gs *latticetypes.GenesisState) { gs.Members, gs.Params.MainEpochBlocks = members, mainEpochBlocks }, gs)
	frozen, other := x.shards[0], x.shards[1]
	issued := x.held()
	good := func(s *shard, txs ...[]byte) {
		t.Helper()
		for _, res := range s.block(txs...) {
			require.True(t, res.IsOK(), res.Log)
		}
	}
	good(frozen, frozen.users[0].send(other.users[0], 100_000))
	good(other, other.users[1].send(frozen.users[1], 110_000))
	final := uint64(frozen.height + 1)
	header, err := cmttypes.HeaderFromProto(x.committees[0].sign(t, frozen.chain, int64(final), frozen.last).Header)
	require.NoError(t, err)

	// The other shard lives through it.
	const between = 20
	for range pause / between {
		for range between - 1 {
			other.block()
		}
		main.height += between - 1
		good(other, main.update(other))
	}
	record := &shardstypes.Shard{Name: frozen.chain, Status: shardstypes.Status_STATUS_FROZEN, FinalHeight: final, FinalHash: header.Hash()}
	main.tell(other, shardstypes.StoreKey, shardstypes.ShardKey(frozen.chain), record)

	heir := x.committees[0].members("top-z0.s0-2", 1, 1)
	late := frozen.resumedAfter(pause, heir, final, header.Hash(), nil)
	require.False(t, late.process(main.update(late)), "what it trusts is too old")

	heir.Epoch = epochs
	var asked int64
	next := frozen.resumedAfter(pause, heir, final, header.Hash(), func(height int64) (*cmttypes.Header, error) {
		asked = height
		return main.chain.Header(height), nil
	})
	require.EqualValues(t, epochs*mainEpochBlocks+1, asked)
	head, err := next.Light.Head(next.ctx())
	require.NoError(t, err)
	require.Equal(t, asked, head.Height)

	from, to := x.waiting(0), x.waiting(1)
	require.Len(t, from, 1)
	require.Len(t, to, 1)
	// By the last header that counts.
	there := x.delivery(0, from[0])
	x.shards[0] = next
	good(next, x.owed(frozen.chain, func(*latticetypes.Standing) {}))
	x.settleWithMain(main, record)
	main.tell(other, shardstypes.StoreKey, shardstypes.CommitteeKey(next.chain, 1), x.committees[0].record(next.chain, 1, 0))
	require.Equal(t, issued, x.sum())
	back := x.delivery(1, to[0])
	for range 2 {
		other.block(there)
		next.block(back)
	}
	require.EqualValues(t, 100_000, int64(other.utop(other.users[0]))-funds)
	require.EqualValues(t, 110_000, int64(next.utop(frozen.users[1]))-funds)
	require.EqualValues(t, -100_000, int64(next.utop(frozen.users[0]))-funds)
	require.EqualValues(t, issued, x.held(), "nothing is under way")
}
