package keeper_test

import (
	"context"
	cmttypes "github.com/cometbft/cometbft/types"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/forger"
	"github.com/topnetwork/top/x/lattice/keeper"
	"github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const own, source = "top-z0.s1-1", "top-z0.s0-1"

// mainChain that believes every proof, in an epoch that a test sets.
type mainChain struct {
	epoch uint64
	err   error
}

func (m *mainChain) Update(context.Context, time.Time, *lighttypes.Update) (bool, error) {
	return false, m.err
}

func (m *mainChain) Proven(context.Context, int64, string, []byte, []byte, *cmtcrypto.ProofOps) error {
	return m.err
}

func (m *mainChain) ProvenAbsent(context.Context, int64, string, []byte, *cmtcrypto.ProofOps) error {
	return m.err
}

func (m *mainChain) Epoch(context.Context, uint64) (uint64, error) { return m.epoch, nil }

func (*mainChain) MainChain(context.Context) (string, error) { return "", lighttypes.ErrNoMainChain }

// half of a network, without a chain around it; the other half is made up.
type half struct {
	*keeper.Keeper
	t     *testing.T
	ctx   sdk.Context
	main  *mainChain
	other *forger.Ledger
	last  receipt.Cursor
}

func newHalf(t *testing.T) *half {
	t.Helper()
	e, err := engine.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	key := storetypes.NewKVStoreKey(types.StoreKey)
	h := &half{t: t, main: &mainChain{epoch: 1}, other: forger.New(source, 4, 1)}
	h.ctx = testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient")).WithChainID(own).WithBlockHeight(10)
	h.Keeper = keeper.NewKeeper(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), runtime.NewKVStoreService(key), e, h.main)
	params := types.DefaultParams()
	params.MainEpochBlocks, params.UnauditedUtop = 100, 1000
	require.NoError(t, h.Params.Set(h.ctx, params))
	require.NoError(t, h.Shard.Set(h.ctx, types.Shard{Network: types.Network, PrefixBits: 1, PrefixLen: 1}))
	require.NoError(t, h.Routing.Set(h.ctx, types.RoutingOf(table(source, own))))
	require.NoError(t, h.Head.Set(h.ctx, types.Head{}))
	h.committee(h.other, 1, 1, 0)
	return h
}

func table(left, right string) trie.Table {
	return trie.Table{{Prefix: lattice.Prefix{Len: 1}, Name: left}, {Prefix: lattice.Prefix{Bits: 1, Len: 1}, Name: right}}
}

func (h *half) learn(store string, key []byte, record interface{ Marshal() ([]byte, error) }) error {
	h.t.Helper()
	value, err := record.Marshal()
	require.NoError(h.t, err)
	return h.try(&types.Carried{Content: &types.Carried_Fact{Fact: &types.Fact{Store: store, Key: key, Value: value}}})
}

// try a carried transaction as a block does.
func (h *half) try(tx *types.Carried) error {
	branch, write := h.ctx.CacheContext()
	_, err := h.Execute(branch, tx)
	if err == nil {
		write()
	}
	return err
}

func (h *half) tell(l *forger.Ledger, term, first, epoch uint64) error {
	h.t.Helper()
	m := l.Members(term, first)
	c := shardstypes.Committee{Shard: l.Chain, Term: term, FirstHeight: first, Epoch: epoch}
	for _, key := range m.Keys {
		c.Members = append(c.Members, shardstypes.Member{PubKey: key, Power: m.Power})
	}
	return h.learn(shardstypes.StoreKey, shardstypes.CommitteeKey(l.Chain, term), &c)
}

func (h *half) committee(l *forger.Ledger, term, first, epoch uint64) {
	h.t.Helper()
	require.NoError(h.t, h.tell(l, term, first, epoch))
}

func (h *half) standing(s shardstypes.Shard) error {
	return h.learn(shardstypes.StoreKey, shardstypes.ShardKey(s.Name), &s)
}

func (h *half) audited(height uint64, hash []byte) error {
	return h.learn(shardstypes.StoreKey, shardstypes.AuditedKey(source), &shardstypes.Audited{Shard: source, Height: height, HeaderHash: hash})
}

// deliver the next batch with so many utop, proven by a header of a height that a committee has signed.
func (h *half) deliver(by *forger.Ledger, height int64, utop uint64) error {
	h.t.Helper()
	b := &receipt.Batch{Source: source, Destination: own, Height: h.last.Height + 1, Previous: h.last, Receipts: []receipt.Receipt{{To: lattice.Address{1}, Amount: lattice.Balance{Utop: utop}}}}
	err := h.try(by.Delivery(h.t, height, b))
	if err == nil {
		h.last = b.Cursor()
	}
	return err
}

// Many small sends stop exactly at the bound and go on after an audit. Whatever height a captured source claims for its batches, and whatever old height it signs anew, the bound holds.
func TestBoundWithoutAudit(t *testing.T) {
	h := newHalf(t)
	for i := range 10 {
		require.NoError(t, h.deliver(h.other, int64(20+i), 100))
	}
	require.ErrorIs(t, h.deliver(h.other, 30, 1), keeper.ErrUnaudited)
	require.True(t, keeper.Waits(h.deliver(h.other, 30, 1)))
	require.NoError(t, h.audited(24, []byte("24")))
	require.ErrorIs(t, h.deliver(h.other, 31, 501), keeper.ErrUnaudited)
	require.NoError(t, h.deliver(h.other, 31, 500), "five headers are confirmed")
	require.ErrorIs(t, h.audited(24, []byte("24")), receipt.ErrReplay)
	require.ErrorIs(t, h.audited(23, []byte("23")), receipt.ErrReplay)

	require.NoError(t, h.audited(100, []byte("100")))
	sum, err := h.UnauditedSums.Has(h.ctx, source)
	require.NoError(t, err)
	require.False(t, sum, "nothing counts any more")
	require.ErrorIs(t, h.deliver(h.other, 50, 1001), keeper.ErrUnaudited, "a header of an audited height, which nobody has confirmed")
	require.NoError(t, h.deliver(h.other, 50, 1000))
	require.ErrorIs(t, h.deliver(h.other, 50, 1), keeper.ErrUnaudited)
	require.NoError(t, h.audited(101, []byte("101")))

	// What is more than the bound comes with the header that the auditors have confirmed.
	b := &receipt.Batch{Source: source, Destination: own, Height: h.last.Height + 1, Previous: h.last, Receipts: []receipt.Receipt{{To: lattice.Address{1}, Amount: lattice.Balance{Utop: 5000}}}}
	large := h.other.Delivery(t, 200, b)
	require.ErrorIs(t, h.try(large), keeper.ErrUnaudited)
	hash := large.GetDelivery().Proof.Header.Commit.BlockID.Hash
	require.NoError(t, h.audited(200, hash))
	require.NoError(t, h.try(large))
}

// 24: a committee signs for its term alone, also before the main chain has seen where it ended.
func TestCommitteesOfTheirTerms(t *testing.T) {
	h := newHalf(t)
	second, third := forger.New(source, 4, 2), forger.New(source, 4, 3)
	require.ErrorIs(t, h.tell(h.other, 1, 1, 0), receipt.ErrReplay, "twice")
	require.Error(t, h.deliver(second, 20, 1), "of a term that is not known")
	h.committee(second, 2, 0, 5)
	require.NoError(t, h.deliver(h.other, 30, 1), "its term has not begun")
	h.main.epoch = 5
	require.NoError(t, h.deliver(h.other, 31, 1), "in the epoch in which they change both may sign")
	require.NoError(t, h.deliver(second, 32, 1))
	h.main.epoch = 6
	require.Error(t, h.deliver(h.other, 33, 1), "after it only what the main chain has seen")
	require.NoError(t, h.deliver(second, 33, 1))
	h.committee(second, 2, 32, 5)
	require.ErrorIs(t, h.tell(second, 2, 32, 5), receipt.ErrReplay)
	require.NoError(t, h.deliver(h.other, 31, 1), "below the first height of the next")
	require.Error(t, h.deliver(h.other, 32, 1))
	require.Error(t, h.deliver(second, 31, 1))
	h.committee(third, 3, 40, 7)
	require.Error(t, h.deliver(h.other, 50, 1))
	require.Error(t, h.deliver(second, 40, 1))
	require.NoError(t, h.deliver(second, 39, 1))
	require.NoError(t, h.deliver(third, 40, 1))
	for term := uint64(4); term <= 12; term++ {
		h.committee(forger.New(source, 4, term), term, 100*term, term+4)
	}
	require.ErrorIs(t, h.tell(third, 3, 40, 7), receipt.ErrReplay, "long over")
	require.Error(t, h.deliver(third, 41, 1))

	c := shardstypes.Committee{Shard: source, Term: 13, Members: []shardstypes.Member{{PubKey: make([]byte, 32), Power: 1}, {PubKey: append([]byte{1}, make([]byte, 31)...), Power: 2}}}
	require.ErrorIs(t, h.learn(shardstypes.StoreKey, shardstypes.CommitteeKey(source, 13), &c), lattice.ErrMalformed)
	require.ErrorIs(t, h.learn(shardstypes.StoreKey, shardstypes.CommitteeKey(source, 14), &c), lattice.ErrMalformed, "under another key")
	h.main.err = lighttypes.ErrFrozen
	require.ErrorIs(t, h.tell(third, 14, 0, 30), lighttypes.ErrFrozen, "nothing is learnt from a frozen client")
}

// 31, 32: of a ledger that has ended the last header counts alone; what was frozen goes on as its next generation, and no older word takes that back.
func TestLedgersThatEnd(t *testing.T) {
	h := newHalf(t)
	b := &receipt.Batch{Source: source, Destination: own, Height: 1, Receipts: []receipt.Receipt{{To: lattice.Address{1}, Amount: lattice.Balance{Utop: 5000}}}}
	final := h.other.Delivery(t, 50, b)
	hash := final.GetDelivery().Proof.Header.Commit.BlockID.Hash
	frozen := shardstypes.Shard{Name: source, Status: shardstypes.Status_STATUS_FROZEN, FinalHeight: 50, FinalHash: hash, Children: []string{"a-1", "b-1"}}
	require.ErrorIs(t, h.standing(shardstypes.Shard{Name: source, Status: shardstypes.Status_STATUS_ACTIVE}), receipt.ErrReplay)
	require.NoError(t, h.standing(frozen))
	require.ErrorIs(t, h.standing(frozen), receipt.ErrReplay)
	for _, height := range []int64{51, 49, 50} {
		require.Error(t, h.deliver(h.other, height, 1), "another header of height %d", height)
	}
	require.NoError(t, h.try(final), "the last one, without a bound: the main chain has let it end there")
	rules, err := h.Rules(h.ctx)
	require.NoError(t, err)
	require.ErrorIs(t, rules.Away(&lattice.Transfer{To: addressOf(0)}), keeper.ErrUnreachable)

	retired := frozen
	retired.Status, retired.Children = shardstypes.Status_STATUS_RETIRED, []string{"top-z0.s0-2"}
	require.NoError(t, h.standing(retired))
	require.ErrorIs(t, h.standing(frozen), receipt.ErrReplay, "an older word")
	s, err := h.Standings.Get(h.ctx, source)
	require.NoError(t, err)
	require.Equal(t, retired.Children, s.Children)

	// The shard itself ends with the block that learns of it.
	require.ErrorIs(t, h.standing(shardstypes.Shard{Name: own, Status: shardstypes.Status_STATUS_ACTIVE}), receipt.ErrReplay)
	split := shardstypes.Shard{Name: own, Status: shardstypes.Status_STATUS_SPLITTING, Children: []string{"a-1", "b-1"}}
	require.NoError(t, h.standing(split))
	height, err := h.Final.Get(h.ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(10), height)
	h.ctx = h.ctx.WithBlockHeight(11)
	require.ErrorIs(t, h.standing(split), lattice.ErrEnded, "not even another word of its end: its children begin with this state")
	require.ErrorIs(t, h.try(final), lattice.ErrEnded)
	rules, err = h.Rules(h.ctx)
	require.NoError(t, err)
	require.True(t, rules.Ended)
}

// A table is taken where it is newer and leaves the shard its own accounts.
func TestTablesThatAreLearnt(t *testing.T) {
	h := newHalf(t)
	learn := func(version uint64, table trie.Table) error {
		record := zonestypes.RoutingTable{Version: version}
		for _, r := range table {
			record.Routes = append(record.Routes, zonestypes.Route{PrefixBits: r.Prefix.Bits, PrefixLen: uint32(r.Prefix.Len), Name: r.Name})
		}
		return h.learn(zonestypes.StoreKey, zonestypes.TableKey(), &record)
	}
	require.NoError(t, learn(2, table("top-z0.s0-2", own)))
	require.ErrorIs(t, learn(2, table("top-z0.s0-3", own)), receipt.ErrReplay)
	require.ErrorIs(t, learn(3, table(own, source)), lattice.ErrMalformed, "another half than it holds")
	require.ErrorIs(t, learn(3, table(own, own)), trie.ErrTable)
	require.ErrorIs(t, learn(3, nil), trie.ErrTable)
}

// A committee takes over when its epoch has begun, and CometBFT hears who joins and who leaves, once.
func TestRotation(t *testing.T) {
	h := newHalf(t)
	updates, err := h.Rotate(h.ctx)
	require.NoError(t, err)
	require.Empty(t, updates, "a shard without members has nobody to rotate")
	first, second := forger.New(own, 4, 1), forger.New(own, 3, 2)
	h.committee(first, 1, 1, 0)
	h.committee(second, 2, 0, 3)
	for h.main.epoch = 1; h.main.epoch < 3; h.main.epoch++ {
		updates, err = h.Rotate(h.ctx)
		require.NoError(t, err)
		require.Empty(t, updates)
	}
	updates, err = h.Rotate(h.ctx)
	require.NoError(t, err)
	require.Len(t, updates, 7)
	left, joined := 0, 0
	for _, u := range updates {
		if u.Power == 0 {
			left++
		} else {
			joined++
		}
	}
	require.Equal(t, [2]int{4, 3}, [2]int{left, joined})
	updates, err = h.Rotate(h.ctx)
	require.NoError(t, err)
	require.Empty(t, updates, "once")
	gs := &types.GenesisState{}
	gs.Term, err = h.Term.Get(h.ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(2), gs.SittingTerm())

	// However many are learnt before it rotates: who sits is not forgotten.
	for term := uint64(3); term < 15; term++ {
		h.committee(forger.New(own, 4, term), term, 0, 4)
	}
	h.main.epoch = 4
	updates, err = h.Rotate(h.ctx)
	require.NoError(t, err)
	require.Len(t, updates, 7, "three leave, four join")
}

// 27: what a destination has confirmed leaves the outbox, up to there and no further; a child of one that has ended confirms with its sibling, and neither goes back.
func TestConfirmations(t *testing.T) {
	h := newHalf(t)
	params, err := h.Params.Get(h.ctx)
	require.NoError(t, err)
	params.UnauditedUtop = 0
	require.NoError(t, h.Params.Set(h.ctx, params))
	cursors := []receipt.Cursor{{}}
	for height := int64(11); height < 15; height++ {
		h.ctx = h.ctx.WithBlockHeight(height)
		require.NoError(t, h.Commit(h.ctx, &engine.Result{Effects: &lattice.Effects{Departed: []lattice.Arrival{{From: addressOf(1), To: addressOf(0), Amount: lattice.Balance{Utop: 7}}}}}))
		box, err := h.Outboxes.Get(h.ctx, source)
		require.NoError(t, err)
		cursor, err := box.Sent.Receipt()
		require.NoError(t, err)
		cursors = append(cursors, cursor)
	}
	waiting := func() uint64 {
		box, err := h.Outboxes.Get(h.ctx, source)
		require.NoError(t, err)
		return box.Waiting
	}
	require.NoError(t, h.try(h.other.Confirmation(t, 20, own, source, cursors[1])))
	require.Equal(t, uint64(3), waiting())
	require.ErrorIs(t, h.try(h.other.Confirmation(t, 21, own, source, cursors[1])), receipt.ErrReplay)
	require.ErrorIs(t, h.try(h.other.Confirmation(t, 21, own, source, receipt.Cursor{Height: 12, Hash: lattice.Hash{1}})), receipt.ErrFork)
	require.ErrorIs(t, h.try(h.other.Confirmation(t, 21, own, source, receipt.Cursor{Height: 99, Hash: lattice.Hash{1}})), receipt.ErrFork)

	children := [2]*forger.Ledger{forger.New("top-z0.s00-1", 4, 1), forger.New("top-z0.s01-1", 4, 1)}
	for _, c := range children {
		h.committee(c, 1, 1, 0)
		require.Error(t, h.try(c.Confirmation(t, 20, own, source, cursors[2])), "its parent has not ended")
	}
	require.NoError(t, h.standing(shardstypes.Shard{Name: source, Status: shardstypes.Status_STATUS_RETIRED, FinalHeight: 50, FinalHash: make([]byte, 32), Children: []string{children[0].Chain, children[1].Chain}}))
	require.NoError(t, h.try(children[0].Confirmation(t, 20, own, source, cursors[3])))
	require.Equal(t, uint64(3), waiting(), "its sibling needs them")
	require.ErrorIs(t, h.try(children[0].Confirmation(t, 21, own, source, cursors[3])), receipt.ErrReplay)
	require.ErrorIs(t, h.try(children[0].Confirmation(t, 21, own, source, cursors[2])), receipt.ErrReplay, "it does not go back")
	require.NoError(t, h.try(children[1].Confirmation(t, 20, own, source, cursors[2])))
	require.Equal(t, uint64(2), waiting())
	require.NoError(t, h.try(children[1].Confirmation(t, 21, own, source, cursors[4])))
	require.Equal(t, uint64(1), waiting())
	n := 0
	require.NoError(t, h.Hashes.Walk(h.ctx, nil, func(_ keyOfBatch, _ []byte) (bool, error) { n++; return false, nil }))
	require.Equal(t, 1, n)
}

// 34: where shards are audited, a confirmation counts by the header that the auditors have confirmed: a shard that is frozen goes on from there, and needs again what it has taken since.
func TestConfirmationsThatAreNotAudited(t *testing.T) {
	h := newHalf(t)
	require.NoError(t, h.Commit(h.ctx, &engine.Result{Effects: &lattice.Effects{Departed: []lattice.Arrival{{From: addressOf(1), To: addressOf(0), Amount: lattice.Balance{Utop: 7}}}}}))
	box, err := h.Outboxes.Get(h.ctx, source)
	require.NoError(t, err)
	sent, err := box.Sent.Receipt()
	require.NoError(t, err)
	confirmation := h.other.Confirmation(t, 20, own, source, sent)
	by := confirmation.GetConfirmation().Proof.Header
	header, err := cmttypes.HeaderFromProto(by.Header)
	require.NoError(t, err)
	set := func(height uint64, hash []byte) {
		require.NoError(t, h.Standings.Set(h.ctx, source, types.Standing{Ledger: source, AuditedHeight: height, AuditedHash: hash}))
	}
	for _, height := range []uint64{0, 19, 21} {
		set(height, header.Hash())
		require.ErrorContains(t, h.try(confirmation), "prove it by that")
	}
	set(20, make([]byte, 32))
	require.ErrorContains(t, h.try(confirmation), "prove it by that", "a fork of the one that was audited")
	set(20, header.Hash())
	require.NoError(t, h.try(confirmation))
}

type keyOfBatch = collections.Pair[string, uint64]

// addressOf an account in a half.
func addressOf(half uint32) lattice.Address {
	for n := byte(0); ; n++ {
		if a := (lattice.Address{n}); lattice.BucketOf(a)>>(lattice.BucketBits-1) == half {
			return a
		}
	}
}

// A ledger that confirms nothing gets no more, and what might have to go back to it is not taken: the state does not fill. What has ended gets nothing.
func TestFullOutbox(t *testing.T) {
	h := newHalf(t)
	for name, test := range map[string]struct {
		waiting    uint64
		ended      bool
		away, take bool
	}{
		"room":               {types.MaxWaiting - 1, false, true, true},
		"no more transfers":  {types.MaxWaiting, false, false, true},
		"nothing comes back": {types.MaxReturning, false, false, false},
		"ended":              {0, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, h.Outboxes.Set(h.ctx, source, types.Outbox{Waiting: test.waiting}))
			require.NoError(t, h.Standings.Set(h.ctx, source, types.Standing{Ledger: source, Ended: test.ended}))
			rules, err := h.Rules(h.ctx)
			require.NoError(t, err)
			require.Equal(t, test.away, rules.Away(&lattice.Transfer{To: addressOf(0)}) == nil)
			b := &receipt.Batch{Source: source, Destination: own, Height: h.last.Height + 1, Previous: h.last, Receipts: []receipt.Receipt{{From: addressOf(0), To: addressOf(1), Amount: lattice.Balance{Utop: 1}}}}
			err = h.try(h.other.Delivery(t, 20, b))
			require.Equal(t, test.take, err == nil, err)
			if err == nil {
				h.last = b.Cursor()
			} else {
				require.True(t, keeper.Waits(err))
			}
		})
	}
}
