package shardchain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/protocol/lattice"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// merged shard of two that have ended, opened with what they leave.
func merged(t *testing.T, halves [2]*shard, heir latticetypes.Members) *shard {
	t.Helper()
	c := &shard{t: t, chain: heir.Ledger, db: dbm.NewMemDB(), dir: t.TempDir(), height: max(halves[0].height, halves[1].height), users: append(append([]*user{}, halves[0].users...), halves[1].users...)}
	var states [2][]byte
	var accounts bytes.Buffer
	for i, s := range halves {
		_, err := s.Bequeath(i, &bytes.Buffer{})
		require.ErrorContains(t, err, "ask for the other")
		state, err := s.BequeathWhole(&accounts)
		require.NoError(t, err)
		states[i] = state
	}
	_, err := shardchain.Join(states[1], states[0], heir)
	require.ErrorContains(t, err, "the left one first")
	state, err := shardchain.Join(states[0], states[1], heir)
	require.NoError(t, err)
	again, err := shardchain.Join(states[0], states[1], heir)
	require.NoError(t, err)
	require.Equal(t, string(state), string(again))
	c.open()
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, latticetypes.AccountsName+".genesis"), accounts.Bytes(), 0o600))
	params := cmttypes.DefaultConsensusParams().ToProto()
	_, err = c.InitChain(&abci.RequestInitChain{
		Time: start.Add(time.Duration(c.height) * time.Second), ChainId: c.chain, ConsensusParams: &params, AppStateBytes: state, InitialHeight: c.height + 1,
	})
	require.NoError(t, err)
	c.block()
	return c
}

// parts of inboxes that a shard keeps.
func (s *shard) parts() (names []string) {
	require.NoError(s.t, s.Lattice.Inboxes.Walk(s.ctx(), nil, func(name string, _ latticetypes.Inbox) (bool, error) {
		if strings.Contains(name, latticetypes.PartMark) {
			names = append(names, name)
		}
		return false, nil
	}))
	return names
}

// A shard splits and its halves become one again under transfers: one half has taken more than the other of what was addressed to the parent, both have sent to each other, and to another shard. All of it arrives once.
func TestMerge(t *testing.T) {
	main := newMainChain(t)
	x := newExchangeWith(t, 12, main.genesis())
	parent, other := x.shards[0], x.shards[1]
	all := parent.users
	issued := x.held()
	names := [2]string{"top-z0.s00-1", "top-z0.s01-1"}
	children := [2]latticetypes.Members{x.committees[0].members(names[0], 1, 1), x.committees[0].members(names[1], 1, 1)}
	var batches []latticetypes.Batch
	for range 3 {
		var coming [][]byte
		for i, u := range all {
			coming = append(coming, other.users[i].send(u, 200_000))
		}
		for _, res := range other.block(coming...) {
			require.True(t, res.IsOK(), res.Log)
		}
	}
	batches = x.waiting(1)
	require.Len(t, batches, 3)
	var deliveries [][]byte
	for _, b := range batches {
		deliveries = append(deliveries, x.delivery(1, b))
	}
	main.tell(parent, shardstypes.StoreKey, shardstypes.ShardKey(parent.chain), &shardstypes.Shard{Name: parent.chain, Status: shardstypes.Status_STATUS_SPLITTING, Children: names[:]})
	_, err := parent.BequeathWhole(&bytes.Buffer{})
	require.ErrorContains(t, err, "goes on")
	parent.block()
	_, err = parent.BequeathWhole(&bytes.Buffer{})
	require.ErrorContains(t, err, "ask for the other")
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
			require.NoError(t, s.Lattice.CheckSupply(s.ctx()))
		}
		require.Equal(t, issued, sum)
	}
	supply()
	before := map[*user]uint64{}
	for _, s := range young {
		for _, u := range s.users {
			before[u] = s.utop(u)
		}
	}
	// The left half takes one batch, the right one two, of three.
	require.True(t, young[0].block(deliveries[0])[0].IsOK())
	for _, d := range deliveries[:2] {
		require.True(t, young[1].block(d)[0].IsOK())
	}
	// Both send to each other, and one to the other shard: nobody has taken it when they end.
	require.True(t, young[0].block(young[0].users[0].send(young[1].users[0], 150_000))[0].IsOK())
	require.True(t, young[1].block(young[1].users[0].send(young[0].users[0], 130_000))[0].IsOK())
	require.True(t, young[0].block(young[0].users[1].send(other.users[0], 110_000))[0].IsOK())
	sent := map[*user]uint64{young[0].users[0]: 150_000, young[1].users[0]: 130_000, young[0].users[1]: 110_000}
	supply()

	const heir = "top-z0.s0-2"
	for _, s := range young {
		main.tell(s, shardstypes.StoreKey, shardstypes.ShardKey(s.chain), &shardstypes.Shard{Name: s.chain, Status: shardstypes.Status_STATUS_MERGING, Children: []string{heir}})
		s.block()
	}
	m := merged(t, young, x.committees[0].members(heir, 1, 1))
	live = []*shard{m, other}
	supply()
	left, err := young[0].Lattice.Head.Get(young[0].ctx())
	require.NoError(t, err)
	right, err := young[1].Lattice.Head.Get(young[1].ctx())
	require.NoError(t, err)
	head, err := m.Lattice.Head.Get(m.ctx())
	require.NoError(t, err)
	root := lattice.NodeOf(lattice.Hash(left.Root), lattice.Hash(right.Root))
	require.Equal(t, root[:], head.Root)
	require.Equal(t, []string{other.chain + ">" + parent.chain + "@01"}, m.parts())

	// What is on its way arrives, in order, and each only once.
	once := func(at *shard, delivery []byte) {
		t.Helper()
		require.True(t, at.process(delivery))
		require.True(t, at.block(delivery)[0].IsOK())
		require.False(t, at.process(delivery))
		require.Contains(t, at.block(delivery)[0].Log, "taken")
		supply()
	}
	require.False(t, m.process(deliveries[0]), "both have taken it")
	require.False(t, m.process(deliveries[2]), "half of the shard lacks the one before")
	once(m, deliveries[1])
	require.Empty(t, m.parts(), "both are as far")
	once(m, deliveries[2])
	x.shards, x.committees[1] = young, x.committees[0]
	for i := range young {
		require.Len(t, x.waiting(i), 1)
		once(m, x.delivery(i, x.waiting(i)[0]))
	}
	want := map[*user]uint64{young[1].users[0]: 150_000, young[0].users[0]: 130_000}
	for _, u := range m.users {
		fee := before[u] + 600_000 + want[u] - sent[u] - m.utop(u)
		require.Less(t, fee, uint64(1000), "no more than a fee is gone, and nothing came twice")
	}

	// The other shard hears of all, takes what a half has sent it, and sends to the one from then on.
	for i, name := range names {
		main.tell(other, shardstypes.StoreKey, shardstypes.CommitteeKey(name, 1), x.committees[0].record(name, 1, uint64(i)))
	}
	main.tell(other, shardstypes.StoreKey, shardstypes.CommitteeKey(heir, 1), x.committees[0].record(heir, 1, 3))
	x.shards = [2]*shard{young[0], other}
	once(other, x.delivery(0, x.waiting(0)[0]))
	main.tell(other, zonestypes.StoreKey, zonestypes.TableKey(), &zonestypes.RoutingTable{Version: 3, ZoneBits: 1, Routes: []zonestypes.Route{
		{PrefixBits: 0, PrefixLen: 1, Name: heir}, {PrefixBits: 1, PrefixLen: 1, Name: other.chain},
	}})
	x.shards = [2]*shard{m, other}
	require.True(t, m.block(m.users[2].send(other.users[2], 120_000))[0].IsOK())
	once(other, x.delivery(0, x.waiting(0)[0]))
	require.True(t, m.block(m.users[2].send(m.users[len(m.users)-1], 120_000))[0].IsOK(), "of one half to the other, in one shard")
	supply()
}
