package shard

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const testFunds = 10_000_000_000

// everybody is a state in which every account has funds.
type everybody struct{}

func (everybody) Rules() (lattice.Rules, bool) {
	return lattice.Rules{Height: 7, Deposit: 1, Quota: quota.Default()}, true
}

func (everybody) Get(a lattice.Address) (lattice.Record, bool, error) {
	return lattice.Record{Address: a, Balance: lattice.Balance{Utop: testFunds}, Mana: quota.Default().Full(testFunds, 0)}, true, nil
}

// signed transfer of user n.
func signed(t *testing.T, n int) []byte {
	t.Helper()
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("gossip"), uint64(n)))
	secret := ed25519.NewKeyFromSeed(seed[:])
	key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	u := sendtx.New(lattice.Transfer{To: lattice.Address{1}, Key: key, Amount: lattice.Balance{Utop: 1}}, "")
	return u.Signed(ed25519.Sign(secret, u.SignBytes("top-1")))
}

// counted gossip knows how often it received each transaction.
type counted struct {
	*gossip
	received chan []byte
}

func (c *counted) Receive(e p2p.Envelope) {
	for _, raw := range e.Message.(*latticetypes.Gossip).GetTransactions().GetList() {
		c.received <- raw
	}
	c.gossip.Receive(e)
}

// connected nodes, where connect says which are.
func connected(t *testing.T, n int, connect func(i, j int) bool) ([]*counted, []*p2p.Switch) {
	t.Helper()
	nodes := make([]*counted, n)
	switches := p2p.MakeConnectedSwitches(cmtcfg.TestP2PConfig(), n, func(i int, sw *p2p.Switch) *p2p.Switch {
		pool := mempool.New(mempool.DefaultConfig(), everybody{}, intake.New("top-1", 1000))
		t.Cleanup(pool.Start())
		g := newGossip(pool, nothing{}, time.Now)
		g.syncing = func() bool { return false }
		nodes[i] = &counted{gossip: g, received: make(chan []byte, 1000)}
		sw.AddReactor(gossipReactor, nodes[i])
		return sw
	}, func(list []*p2p.Switch, i, j int) {
		if connect(i, j) {
			p2p.Connect2Switches(list, i, j)
		}
	})
	t.Cleanup(func() {
		for _, sw := range switches {
			require.NoError(t, sw.Stop())
		}
	})
	return nodes, switches
}

func (c *counted) has(n int) func() bool { return func() bool { return c.pool.Len() == n } }

const (
	patience = 20 * time.Second
	poll     = 2 * time.Millisecond
)

// Where everybody is connected, a transaction goes to each once, from who had it from a client.
func TestCommitteeIsToldOnce(t *testing.T) {
	const n, transactions = 4, 40
	nodes, _ := connected(t, n, func(int, int) bool { return true })
	// All have named their neighbours.
	for _, node := range nodes {
		require.Eventually(t, func() bool {
			node.mu.Lock()
			defer node.mu.Unlock()
			for _, named := range node.neighbours {
				if len(named) != n-1 {
					return false
				}
			}
			return len(node.neighbours) == n-1
		}, patience, poll)
	}
	for i := range transactions {
		require.NoError(t, nodes[i%n].pool.Insert(t.Context(), signed(t, i)))
	}
	for _, node := range nodes {
		require.Eventually(t, node.has(transactions), patience, poll)
	}
	// Whoever wanted to pass something on has done so when the next transaction has come.
	require.NoError(t, nodes[0].pool.Insert(t.Context(), signed(t, transactions)))
	for i, node := range nodes {
		require.Eventually(t, node.has(transactions+1), patience, poll)
		want := transactions - transactions/n
		if i > 0 {
			want++
		}
		require.Len(t, node.received, want)
	}
}

// Along a line every node passes on what it hears.
func TestLineIsToldToItsEnd(t *testing.T) {
	nodes, _ := connected(t, 4, func(i, j int) bool { return j == i+1 })
	require.NoError(t, nodes[0].pool.Insert(t.Context(), signed(t, 0)))
	require.NoError(t, nodes[3].pool.Insert(t.Context(), signed(t, 1)))
	for _, node := range nodes {
		require.Eventually(t, node.has(2), patience, poll)
	}
}

// Neighbours that lose each other hear of each other's transactions from a third.
func TestLostNeighbours(t *testing.T) {
	nodes, switches := connected(t, 3, func(int, int) bool { return true })
	lost := switches[2].NodeInfo().ID()
	switches[0].StopPeerGracefully(switches[0].Peers().Get(lost))
	require.Eventually(t, func() bool { return !nodes[1].hears(lost, switches[0].NodeInfo().ID()) }, patience, poll)
	require.NoError(t, nodes[0].pool.Insert(t.Context(), signed(t, 0)))
	for _, node := range nodes {
		require.Eventually(t, node.has(1), patience, poll)
	}
}

// Who brings what nobody can have verified loses its connection and is not listened to; nothing of it goes further.
func TestForgersAreLeftAlone(t *testing.T) {
	nodes, switches := connected(t, 3, func(i, j int) bool { return j == i+1 })
	forger := switches[0].Peers().Copy()[0]
	var list [][]byte
	for i := range maxForged {
		raw := signed(t, i)
		raw[len(raw)-1] ^= 1
		list = append(list, raw)
	}
	tell := func(list ...[]byte) {
		forger.TrySend(p2p.Envelope{ChannelID: gossipChannel, Message: &latticetypes.Gossip{Content: &latticetypes.Gossip_Transactions{Transactions: &latticetypes.Transactions{List: list}}}})
	}
	tell(list[0], signed(t, 10))
	require.Eventually(t, nodes[2].has(1), patience, poll)
	require.Equal(t, 2, switches[1].Peers().Size(), "one may be a mistake")
	tell(list[1:]...)
	require.Eventually(t, func() bool { return switches[1].Peers().Size() == 1 }, patience, poll)
	require.True(t, nodes[1].isBanned(switches[0].NodeInfo().ID()))
	require.Len(t, nodes[2].received, 1)
	p2p.Connect2Switches(switches, 0, 1)
	for _, peer := range switches[0].Peers().Copy() {
		forger = peer
	}
	tell(signed(t, 11))
	require.Eventually(t, func() bool { return len(nodes[1].received) == maxForged+2 }, patience, poll)
	require.Equal(t, 1, nodes[1].pool.Len(), "it is not listened to")
	nodes[1].mu.Lock()
	nodes[1].now = func() time.Time { return time.Now().Add(2 * gossipBan) }
	nodes[1].mu.Unlock()
	tell(signed(t, 12))
	require.Eventually(t, nodes[1].has(2), patience, poll)
}

// nothing is carried in these tests.
type nothing struct{}

func (nothing) OfferCarried([]byte, string) error { return errors.New("nothing is carried here") }
func (nothing) ReapCarried() []mempool.Bundle     { return nil }
