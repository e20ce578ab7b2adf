package shard

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// gossipReactor is the name under which CometBFT runs its own mempool's reactor, which this one replaces.
	gossipReactor = "MEMPOOL"
	// gossipChannel is no channel of CometBFT's: a node that speaks its mempool's messages is no member of a shard.
	gossipChannel = byte(0x70)
	// gossipInterval between two messages to a peer; transactions that come meanwhile go together.
	gossipInterval = 20 * time.Millisecond
	// gossipBytes of transactions in a message, and gossipSlack for what is around them; gossipQueue messages to a slow peer wait, others it is not told.
	gossipBytes, gossipSlack, gossipQueue = 1 << 20, 1 << 18, 64
	// maxGossip is the longest message: a carried transaction by itself.
	maxGossip = latticetypes.MaxCarried + gossipSlack
	// maxNeighbours that a peer can name.
	maxNeighbours = 1000
	// maxForged transactions that no honest node passes on, until a peer is left alone for gossipBan.
	maxForged = 3
	gossipBan = 10 * time.Minute
)

// gossip tells peers of the transactions that wait. Every node verifies before it tells, so a peer that brings what is not verified is not honest. Peers name their neighbours to each other, and nobody is told what its own neighbour
// tells it (self-pruning flooding: Lim and Kim 2000): where all are connected, as in a committee, a transaction goes to each once.
type gossip struct {
	p2p.BaseReactor
	pool *mempool.Pool
	// carried transactions wait beside the pool.
	carried carrier
	// syncing tells that the node is behind its shard: what it has cannot be held against transactions.
	syncing func() bool
	now     func() time.Time

	mu sync.Mutex
	// neighbours that peers have named, forged transactions that they brought, and until when those who brought too many are not listened to.
	neighbours map[p2p.ID]map[p2p.ID]bool
	forged     map[p2p.ID]int
	banned     map[p2p.ID]time.Time
}

// carrier of transactions that nobody signs (app/shardchain).
type carrier interface {
	OfferCarried(raw []byte, peer string) error
	ReapCarried() []mempool.Bundle
}

func newGossip(pool *mempool.Pool, carried carrier, now func() time.Time) *gossip {
	g := &gossip{
		pool: pool, carried: carried, syncing: func() bool { return true }, now: now,
		neighbours: map[p2p.ID]map[p2p.ID]bool{}, forged: map[p2p.ID]int{}, banned: map[p2p.ID]time.Time{},
	}
	g.BaseReactor = *p2p.NewBaseReactor("Gossip", g)
	return g
}

// GetChannels implements p2p.Reactor.
func (g *gossip) GetChannels() []*conn.ChannelDescriptor {
	return []*conn.ChannelDescriptor{{ID: gossipChannel, Priority: 5, SendQueueCapacity: gossipQueue, RecvMessageCapacity: maxGossip, MessageType: &latticetypes.Gossip{}}}
}

// OnStart implements service.Service.
func (g *gossip) OnStart() error {
	go g.run()
	return nil
}

func (g *gossip) run() {
	ticker := time.NewTicker(gossipInterval)
	defer ticker.Stop()
	for {
		select {
		case <-g.Quit():
			return
		case <-ticker.C:
			if !g.syncing() {
				g.spread(g.carried.ReapCarried())
				g.spread(g.pool.Reap(gossipBytes))
			}
		}
	}
}

// spread bundles to those peers who do not hear of them from who brought them.
func (g *gossip) spread(bundles []mempool.Bundle) {
	for _, b := range bundles {
		message := &latticetypes.Gossip{Content: &latticetypes.Gossip_Transactions{Transactions: &latticetypes.Transactions{List: b.Transactions}}}
		for _, peer := range g.Switch.Peers().Copy() {
			if !g.hears(peer.ID(), p2p.ID(b.Peer)) {
				peer.TrySend(p2p.Envelope{ChannelID: gossipChannel, Message: message})
			}
		}
	}
}

// hears tells whether a peer has what another one brought, or gets it from there.
func (g *gossip) hears(peer, from p2p.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return peer == from || g.neighbours[from][peer]
}

// AddPeer implements p2p.Reactor.
func (g *gossip) AddPeer(p2p.Peer) { g.introduce("") }

// RemovePeer implements p2p.Reactor.
func (g *gossip) RemovePeer(peer p2p.Peer, _ any) {
	g.mu.Lock()
	delete(g.neighbours, peer.ID())
	delete(g.forged, peer.ID())
	for id, until := range g.banned {
		if g.now().After(until) {
			delete(g.banned, id)
		}
	}
	g.mu.Unlock()
	g.introduce(peer.ID())
}

// introduce all peers to all others, but for one that leaves and is still listed.
func (g *gossip) introduce(leaves p2p.ID) {
	peers := slices.DeleteFunc(g.Switch.Peers().Copy(), func(peer p2p.Peer) bool { return peer.ID() == leaves })
	ids := make([]string, 0, len(peers))
	for _, peer := range peers {
		ids = append(ids, string(peer.ID()))
	}
	message := &latticetypes.Gossip{Content: &latticetypes.Gossip_Neighbours{Neighbours: &latticetypes.Neighbours{Ids: ids[:min(len(ids), maxNeighbours)]}}}
	for _, peer := range peers {
		peer.TrySend(p2p.Envelope{ChannelID: gossipChannel, Message: message})
	}
}

// Receive implements p2p.Reactor.
func (g *gossip) Receive(e p2p.Envelope) {
	if g.isBanned(e.Src.ID()) {
		return
	}
	message, ok := e.Message.(*latticetypes.Gossip)
	if !ok {
		g.Switch.StopPeerForError(e.Src, fmt.Errorf("gossip: %T", e.Message))
		return
	}
	switch {
	case message.GetNeighbours() != nil:
		ids := message.GetNeighbours().Ids
		if len(ids) > maxNeighbours {
			g.Switch.StopPeerForError(e.Src, fmt.Errorf("gossip: %d neighbours, at most %d", len(ids), maxNeighbours))
			return
		}
		named := make(map[p2p.ID]bool, len(ids))
		for _, id := range ids {
			named[p2p.ID(id)] = true
		}
		g.mu.Lock()
		g.neighbours[e.Src.ID()] = named
		g.mu.Unlock()
	case g.syncing():
	default:
		for _, raw := range message.GetTransactions().GetList() {
			if latticetypes.IsCarried(raw) {
				// What is refused may have been good a block ago: nobody is blamed.
				if err := g.carried.OfferCarried(raw, string(e.Src.ID())); err != nil {
					g.Logger.Debug("refused what a peer carries", "peer", e.Src.ID(), "err", err)
				}
				continue
			}
			g.pool.Offer(raw, string(e.Src.ID()), func(err error) { g.judge(e.Src, err) })
		}
	}
}

func (g *gossip) isBanned(id p2p.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, banned := g.banned[id]
	return banned && !g.now().After(until)
}

// judge a peer by what became of a transaction that it brought: what no node verifies costs it its connection.
func (g *gossip) judge(peer p2p.Peer, err error) {
	if !errors.Is(err, intake.ErrSignature) && !errors.Is(err, sendtx.ErrMalformed) && !errors.Is(err, sendtx.ErrOther) {
		return
	}
	g.mu.Lock()
	g.forged[peer.ID()]++
	enough := g.forged[peer.ID()] >= maxForged
	if enough {
		delete(g.forged, peer.ID())
		g.banned[peer.ID()] = g.now().Add(gossipBan)
	}
	g.mu.Unlock()
	if enough {
		g.Logger.Error("a peer brings transactions that nobody can have verified: it is left alone", "peer", peer.ID(), "for", gossipBan, "last", err)
		g.Switch.StopPeerForError(peer, err)
	}
}
