package shardchain_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/headers"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const mainChainID = "top-main-1"

// stores of the main chain that shards ask proofs of.
var stores = []string{shardstypes.StoreKey, zonestypes.StoreKey, gatetypes.StoreKey}

// mainChain whose state says what these tests write into it: its headers and proofs are real, nobody decides them.
type mainChain struct {
	*rootmulti.Store

	t     *testing.T
	keys  map[string]*storetypes.KVStoreKey
	chain *headers.Chain
	// height of the last header; the shard's client began with the genesis.
	height int64
}

func newMainChain(t *testing.T) *mainChain {
	t.Helper()
	keys := headers.Keys(0, 4)
	m := &mainChain{
		t: t, Store: rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger()), keys: storetypes.NewKVStoreKeys(stores...),
		chain: &headers.Chain{ID: mainChainID, Power: 1000, Start: start, Committee: func(int64) []ed25519.PrivKey { return keys }, App: map[int64][]byte{}},
	}
	for _, name := range stores {
		m.MountStoreWithDB(m.keys[name], storetypes.StoreTypeIAVL, nil)
	}
	require.NoError(t, m.LoadLatestVersion())
	return m
}

// genesis of a shard's light client: it begins with the main chain.
func (m *mainChain) genesis() *lighttypes.GenesisState {
	gs := lighttypes.DefaultGenesisState()
	gs.Params.MainChainId = mainChainID
	gs.Headers = []lighttypes.Header{lighttypes.GenesisHeader(start, headers.Set(m.chain.Committee(1), m.chain.Power).Hash())}
	return gs
}

// tell a shard what the main chain has written: its client's header first, the fact in the next block.
func (m *mainChain) tell(s *shard, store string, key []byte, record interface{ Marshal() ([]byte, error) }) {
	m.t.Helper()
	value, err := record.Marshal()
	require.NoError(m.t, err)
	m.GetKVStore(m.keys[store]).Set(key, value)
	m.Commit()
	update := m.update(s)
	require.NoError(m.t, s.Insert(m.t.Context(), update))
	require.True(m.t, s.process(update))
	require.True(m.t, s.block(update)[0].IsOK())
	res, err := m.Query(&storetypes.RequestQuery{Path: "/" + store + "/key", Data: key, Height: m.LastCommitID().Version, Prove: true})
	require.NoError(m.t, err)
	fact := carried(m.t, &latticetypes.Carried{Content: &latticetypes.Carried_Fact{Fact: &latticetypes.Fact{Height: m.height, Store: store, Key: key, Value: value, Ops: res.ProofOps}}})
	require.True(m.t, s.process(fact))
	require.True(m.t, s.block(fact)[0].IsOK())
	require.False(m.t, s.process(fact), "it is known")
}

// update of a shard's client by the next header of the main chain. The client of each shard goes on from the header that it has.
func (m *mainChain) update(s *shard) []byte {
	m.t.Helper()
	m.height++
	m.chain.App[m.height] = m.LastCommitID().Hash
	head, err := s.Light.Head(s.ctx())
	require.NoError(m.t, err)
	return carried(m.t, &latticetypes.Carried{Content: &latticetypes.Carried_MainHeader{MainHeader: m.chain.Update(head.Height, m.height)}})
}

// record of a shard's committee, as x/shards has it.
func (c committee) record(name string, term, epoch uint64) *shardstypes.Committee {
	out := &shardstypes.Committee{Shard: name, Term: term, Epoch: epoch, FirstHeight: 0}
	if term == 1 {
		out.FirstHeight = 1
	}
	for _, key := range c {
		out.Members = append(out.Members, shardstypes.Member{Operator: "someone", PubKey: key.PubKey().Bytes(), Power: memberPower})
	}
	return out
}

// child of a shard that has ended, opened with what it derives.
func (s *shard) child(children [2]latticetypes.Members, side int) *shard {
	s.t.Helper()
	c := &shard{t: s.t, chain: children[side].Ledger, db: dbm.NewMemDB(), dir: s.t.TempDir(), height: s.height}
	for _, u := range s.users {
		if s := children[side].Ledger; s == ownerOf(u, children) {
			c.users = append(c.users, u)
		}
	}
	var accounts bytes.Buffer
	state, err := s.Bequeath(side, &accounts)
	require.NoError(s.t, err)
	state, of, err := shardchain.Settle(state, children)
	require.NoError(s.t, err)
	require.Equal(s.t, side, of)
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

// ownerOf a user of a shard of one bit whose children these are.
func ownerOf(u *user, children [2]latticetypes.Members) string {
	return children[lattice.BucketOf(u.address)>>(lattice.BucketBits-2)&1].Ledger
}

// A shard splits under transfers: it ends where the main chain says so, its children have its accounts to the last coin, what was on its way to it arrives at whichever has the account, and nothing is good twice.
func TestSplit(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 12, main.genesis())
	parent, other := x.shards[0], x.shards[1]
	issued := x.held()
	names := [2]string{"top-z0.s00-1", "top-z0.s01-1"}
	children := [2]latticetypes.Members{x.committees[0].members(names[0], 1, 1), x.committees[0].members(names[1], 1, 1)}

	// Something is on its way in both directions.
	var coming [][]byte
	for i, u := range parent.users {
		coming = append(coming, other.users[i].send(u, 200_000))
	}
	for _, res := range other.block(coming...) {
		require.True(t, res.IsOK(), res.Log)
	}
	require.True(t, parent.block(parent.users[0].send(other.users[0], 300_000))[0].IsOK())
	require.Equal(t, issued, x.held()+x.inFlight())
	late := parent.users[0].send(parent.users[1], 5)

	main.tell(parent, shardstypes.StoreKey, shardstypes.ShardKey(parent.chain), &shardstypes.Shard{Name: parent.chain, Status: shardstypes.Status_STATUS_SPLITTING, Children: names[:]})
	_, err := parent.Bequeath(0, &bytes.Buffer{})
	require.ErrorContains(t, err, "goes on", "its last block is not followed by an empty one")
	require.False(t, parent.process(late))
	require.Contains(t, parent.block(late)[0].Log, "has ended")
	require.ErrorContains(t, parent.Insert(t.Context(), late), "has ended")
	left, right, err := parent.Engine.Halves()
	require.NoError(t, err)
	head, err := parent.Lattice.Head.Get(parent.ctx())
	require.NoError(t, err)
	root := lattice.NodeOf(left, right)
	require.Equal(t, head.Root, root[:])

	// Whenever a node reads what is left, it is the same: an ended shard learns nothing any more either.
	var first, second bytes.Buffer
	one, err := parent.Bequeath(1, &first)
	require.NoError(t, err)
	update := main.update(parent)
	require.False(t, parent.process(update))
	require.Contains(t, parent.block(update)[0].Log, "has ended")
	two, err := parent.Bequeath(1, &second)
	require.NoError(t, err)
	require.JSONEq(t, string(one), string(two))
	require.Equal(t, first.Bytes(), second.Bytes())

	young := [2]*shard{parent.child(children, 0), parent.child(children, 1)}
	live := []*shard{young[0], young[1], other}
	supply := func() {
		t.Helper()
		var sum int64
		for _, s := range live {
			require.NoError(t, s.Engine.Walk(func(r lattice.Record) error {
				sum += int64(r.Utop)
				return nil
			}))
			require.NoError(t, s.Lattice.Outboxes.Walk(s.ctx(), nil, func(_ string, o latticetypes.Outbox) (bool, error) {
				sum += o.Total.AmountOf("utop").Int64()
				return false, nil
			}))
			require.NoError(t, s.Lattice.Inboxes.Walk(s.ctx(), nil, func(_ string, i latticetypes.Inbox) (bool, error) {
				sum -= i.Total.AmountOf("utop").Int64()
				return false, nil
			}))
		}
		require.Equal(t, issued, sum)
	}
	supply()
	for side, s := range young {
		require.NotEmpty(t, s.users)
		h, err := s.Lattice.Head.Get(s.ctx())
		require.NoError(t, err)
		want := [2]lattice.Hash{left, right}[side]
		require.Equal(t, want[:], h.Root)
	}
	// Nobody signs anything anew: the transfer that came too late is good in the child, once.
	owner := young[lattice.BucketOf(parent.users[0].address)>>(lattice.BucketBits-2)&1]
	if ownerOf(parent.users[1], children) == owner.chain {
		require.True(t, owner.process(late))
	}

	// What was sent to the parent arrives in both children, each taking its own.
	batch := x.waiting(1)[0]
	delivery := x.delivery(1, batch)
	before := map[*user]uint64{}
	for _, s := range young {
		for _, u := range s.users {
			before[u] = s.utop(u)
		}
		require.True(t, s.process(delivery))
		require.True(t, s.block(delivery)[0].IsOK())
		require.False(t, s.process(delivery))
		supply()
	}
	for _, s := range young {
		for _, u := range s.users {
			require.Equal(t, before[u]+200_000, s.utop(u))
		}
	}
	// What the parent has sent is taken from its last header.
	require.True(t, other.block(x.delivery(0, x.waiting(0)[0]))[0].IsOK())
	supply()

	// The other shard hears of it, and sends to the children from then on.
	main.tell(other, shardstypes.StoreKey, shardstypes.ShardKey(parent.chain), &shardstypes.Shard{Name: parent.chain, Status: shardstypes.Status_STATUS_RETIRED, Children: names[:], FinalHeight: uint64(parent.height)})
	for i, name := range names {
		main.tell(other, shardstypes.StoreKey, shardstypes.CommitteeKey(name, 1), x.committees[0].record(name, 1, uint64(i)))
	}
	main.tell(other, zonestypes.StoreKey, zonestypes.TableKey(), &zonestypes.RoutingTable{Version: 2, ZoneBits: 1, Routes: []zonestypes.Route{
		{PrefixBits: 0, PrefixLen: 2, Name: names[0]}, {PrefixBits: 1, PrefixLen: 2, Name: names[1]}, {PrefixBits: 1, PrefixLen: 1, Name: other.chain},
	}})
	// Only when both children have taken a batch it leaves.
	for side, s := range young {
		x.shards[0] = s
		x.t = t
		confirmation := x.childConfirmation(s, parent.chain)
		require.True(t, other.process(confirmation))
		require.True(t, other.block(confirmation)[0].IsOK())
		waits, err := other.Lattice.Outboxes.Get(other.ctx(), parent.chain)
		require.NoError(t, err)
		require.Equal(t, uint64(1-side), waits.Waiting)
		supply()
	}
	require.True(t, other.block(other.users[1].send(young[1].users[0], 150_000))[0].IsOK())
	x.shards[0] = young[1]
	require.Len(t, x.waiting(1), 1)
	was := young[1].utop(young[1].users[0])
	require.True(t, young[1].block(x.delivery(1, x.waiting(1)[0]))[0].IsOK())
	require.Equal(t, was+150_000, young[1].utop(young[1].users[0]))
	supply()
	// And the children send to each other.
	require.True(t, young[0].block(young[0].users[0].send(young[1].users[0], 150_000))[0].IsOK())
	x.shards = [2]*shard{young[0], young[1]}
	x.committees[1] = x.committees[0]
	require.True(t, young[1].block(x.delivery(0, x.waiting(0)[0]))[0].IsOK())
	require.Equal(t, was+300_000, young[1].utop(young[1].users[0]))
	supply()
	var exported map[string]json.RawMessage
	state, _, err := young[0].Export(io.Discard)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(state, &exported))
	require.Contains(t, exported, lighttypes.ModuleName)
}
