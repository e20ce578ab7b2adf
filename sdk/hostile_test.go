package sdk_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/session"
)

// attacker speaks the wire protocols by hand.
type attacker struct {
	t    *testing.T
	host host.Host
	to   peer.AddrInfo
	key  ed25519.PrivateKey
	name string
}

func newAttacker(t *testing.T, w *world, n *node, name string) *attacker {
	h, err := libp2p.New(libp2p.NoListenAddrs)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	w.mu.Lock()
	endpoint, key := w.providers[n.address].Endpoints[0], w.providers[n.address].Key
	w.mu.Unlock()
	id, err := peer.AddrInfoFromString(endpoint + "/p2p/" + peerID(t, key))
	require.NoError(t, err)
	require.NoError(t, h.Connect(t.Context(), *id))
	seed := sum32(name)
	a := &attacker{t: t, host: h, to: *id, key: ed25519.NewKeyFromSeed(seed[:]), name: account(t, name)}
	l := userLedger{w, a.name}
	require.NoError(t, l.EnsureCredit(t.Context(), a.key.Public().(ed25519.PublicKey), 1_000_000))
	require.NoError(t, l.Allot(t.Context(), a.key.Public().(ed25519.PublicKey), n.address, 500_000))
	return a
}

func (a *attacker) stream(id protocol.ID) (network.Stream, *frame.Reader) {
	s, err := a.host.NewStream(a.t.Context(), a.to.ID, id)
	require.NoError(a.t, err)
	_ = s.SetDeadline(time.Now().Add(10 * time.Second))
	a.t.Cleanup(func() { _ = s.Reset() })
	return s, frame.NewReader(s)
}

// paid is a session that the attacker opened, with its secrets.
type paid struct {
	*session.State
	stream network.Stream
	r      *frame.Reader
	chain  *voucher.HashChain
}

func (a *attacker) open(w *world, n *node) *paid {
	s, r := a.stream(session.Protocol)
	w.mu.Lock()
	p, epoch := w.providers[n.address], w.epoch
	w.mu.Unlock()
	state, err := session.Negotiate(a.t.Context(), s, session.Terms{
		ChainID: chainID, Service: messaging.Service, Provider: p.Address, ProviderKey: p.Key, MaxPrices: p.Prices, Epoch: epoch,
		Payer: a.name, Key: a.key, Cap: 100_000,
	}, rand.Reader)
	require.NoError(a.t, err)
	o := &paid{State: state, stream: s, r: r, chain: voucher.NewHashChain([32]byte(state.Seed), state.Open.MaxTicks)}
	o.send(a, &voucher.ClientFrame{Frame: &voucher.ClientFrame_Open{Open: state.Open}})
	require.NotNil(a.t, o.next(a).GetOpened())
	require.NotNil(a.t, o.next(a).GetBill())
	return o
}

func (o *paid) send(a *attacker, f *voucher.ClientFrame) {
	require.NoError(a.t, frame.Write(o.stream, f))
}

func (o *paid) next(a *attacker) *voucher.ProviderFrame {
	var f voucher.ProviderFrame
	require.NoError(a.t, o.r.Read(&f))
	return &f
}

func (o *paid) tick(a *attacker, index uint64) {
	id := o.ID()
	preimage, err := o.chain.Preimage(index)
	require.NoError(a.t, err)
	o.send(a, &voucher.ClientFrame{Frame: &voucher.ClientFrame_Tick{Tick: &voucher.Tick{SessionId: id[:], Index: index, Preimage: preimage[:]}}})
	// Bills of earlier deposits may come first.
	for o.next(a).GetBill().GetTickedUtop() < index*o.Offer.TickUtop {
	}
}

// ask sends one messaging request and answers the response.
func (a *attacker) ask(req *messaging.Request) *messaging.Response {
	s, r := a.stream(messaging.Protocol)
	defer func() { _ = s.Reset() }() // a peer has only so many streams
	require.NoError(a.t, frame.Write(s, req))
	var res messaging.Response
	require.NoError(a.t, r.Read(&res))
	return &res
}

func (a *attacker) deposit(id [32]byte, to []byte, n byte) *messaging.Response {
	sealed := bytes.Repeat([]byte{n}, messaging.MinSealed)
	return a.ask(&messaging.Request{Request: &messaging.Request_Deposit{Deposit: &messaging.Deposit{
		SessionId: id[:], Envelope: &messaging.Envelope{Recipient: to, PrekeyId: 1, Sealed: sealed},
	}}})
}

func recipient(t *testing.T, contact string) []byte {
	c, err := messaging.ParseContact(contact)
	require.NoError(t, err)
	return c.Identity
}

// TestFreeloader: who does not tick is not served, who stops is cut off at the float, who signs no voucher is cut off at
// the voucher limit.
func TestFreeloader(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	bob := newUser(t, w, "bob")
	a := newAttacker(t, w, n, "mallory")
	to := recipient(t, bob.Contact())

	require.Equal(t, refusal.UnknownSession, a.deposit([32]byte{1}, to, 1).GetRefusal().GetCode(), "without a session")
	o := a.open(w, n)
	require.Equal(t, refusal.TickDue, a.deposit(o.ID(), to, 1).GetRefusal().GetCode(), "without a tick")
	fetch := &messaging.Request{Request: &messaging.Request_FetchPrekey{FetchPrekey: &messaging.FetchPrekey{SessionId: o.State.Open.OfferHash, Recipient: to}}}
	require.Equal(t, refusal.UnknownSession, a.ask(fetch).GetRefusal().GetCode())
	o.tick(a, 24)
	require.NotNil(t, a.deposit(o.ID(), to, 1).GetDeposited())
	require.NotNil(t, a.deposit(o.ID(), to, 2).GetDeposited())
	require.Equal(t, refusal.TickDue, a.deposit(o.ID(), to, 3).GetRefusal().GetCode(), "ticks are used up")
	require.True(t, a.deposit(o.ID(), to, 2).GetDeposited().GetDuplicate(), "a replay stores and costs nothing")

	// Ticks alone do not do: they are no claim.
	o.tick(a, 1000)
	served := 0
	for i := byte(10); a.deposit(o.ID(), to, i).GetDeposited() != nil; i++ {
		served++
	}
	require.Equal(t, 7, served, "2 and 7 messages of 120 utop cross the limit of 1,000")
	require.Equal(t, refusal.VoucherDue, a.deposit(o.ID(), to, 99).GetRefusal().GetCode())

	// Another peer cannot use the session, though it knows everything that was sent.
	b := newAttacker(t, w, n, "trent")
	require.Equal(t, refusal.UnknownSession, b.deposit(o.ID(), to, 98).GetRefusal().GetCode())
	s, r := b.stream(session.Protocol)
	require.NoError(t, frame.Write(s, &voucher.ClientFrame{Frame: &voucher.ClientFrame_Open{Open: o.State.Open}}))
	var f voucher.ProviderFrame
	require.NoError(t, r.Read(&f))
	require.Equal(t, refusal.UnknownSession, f.GetRefusal().GetCode())
}

// TestMailboxOwner: only who proves the identity, on this very stream, reads or fills its mailbox.
func TestMailboxOwner(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	bob := newUser(t, w, "bob")
	a := newAttacker(t, w, n, "mallory")
	to := recipient(t, bob.Contact())
	for name, req := range map[string]*messaging.Request{
		"pickup":  {Request: &messaging.Request_Pickup{Pickup: &messaging.Pickup{}}},
		"ack":     {Request: &messaging.Request_Ack{Ack: &messaging.Ack{}}},
		"publish": {Request: &messaging.Request_PublishPrekeys{PublishPrekeys: &messaging.PublishPrekeys{}}},
	} {
		require.Equal(t, refusal.NotAuthenticated, a.ask(req).GetRefusal().GetCode(), name)
	}
	s, r := a.stream(messaging.Protocol)
	ask := func(req *messaging.Request) *messaging.Response {
		require.NoError(t, frame.Write(s, req))
		var res messaging.Response
		require.NoError(t, r.Read(&res))
		return &res
	}
	nonce := ask(&messaging.Request{Request: &messaging.Request_Authenticate{Authenticate: &messaging.Authenticate{Identity: to}}}).GetChallenge().GetNonce()
	require.Len(t, nonce, messaging.NonceSize)
	own := ed25519.Sign(a.key, messaging.MailboxSignBytes(to, nonce, a.to.ID.String(), a.host.ID().String()))
	res := ask(&messaging.Request{Request: &messaging.Request_Proof{Proof: &messaging.Proof{Signature: own}}})
	require.Equal(t, refusal.BadFrame, res.GetRefusal().GetCode())

	// A proof made for another peer, as a relaying attacker would have, is no proof here.
	mine := a.key.Public().(ed25519.PublicKey)
	for _, peers := range [][2]string{{a.to.ID.String(), "another client"}, {"another provider", a.host.ID().String()}} {
		s, r = a.stream(messaging.Protocol)
		nonce = ask(&messaging.Request{Request: &messaging.Request_Authenticate{Authenticate: &messaging.Authenticate{Identity: mine}}}).GetChallenge().GetNonce()
		proof := ed25519.Sign(a.key, messaging.MailboxSignBytes(mine, nonce, peers[0], peers[1]))
		res = ask(&messaging.Request{Request: &messaging.Request_Proof{Proof: &messaging.Proof{Signature: proof}}})
		require.Equal(t, refusal.BadFrame, res.GetRefusal().GetCode())
	}
}

// TestPrekeysAreNotEmptied: asking again and again gives one prekey per session.
func TestPrekeysAreNotEmptied(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	bob := newUser(t, w, "bob")
	a := newAttacker(t, w, n, "mallory")
	to := recipient(t, bob.Contact())
	o := a.open(w, n)
	o.tick(a, 1)
	id := o.ID()
	var first *messaging.Prekey
	for range 100 {
		p := a.ask(&messaging.Request{Request: &messaging.Request_FetchPrekey{
			FetchPrekey: &messaging.FetchPrekey{SessionId: id[:], Recipient: to},
		}}).GetPrekey()
		require.NoError(t, p.Verify(to, time.Now().Unix()))
		require.False(t, p.LastResort)
		if first == nil {
			first = p
		}
		require.Equal(t, first.Id, p.Id)
	}
}

// TestGarbage: nothing that a peer may send stops the provider from serving others.
func TestGarbage(t *testing.T) {
	w := newWorld()
	n := newNode(t, w, "p1")
	alice, bob := newUser(t, w, "alice"), newUser(t, w, "bob")
	in := bob.Receive(t.Context())
	a := newAttacker(t, w, n, "mallory")
	for _, id := range []protocol.ID{session.Protocol, messaging.Protocol} {
		for _, garbage := range [][]byte{
			{0}, {0xff, 0xff, 0xff, 0xff}, {5, 1, 2, 3, 4, 5}, {2, 0x0a, 0}, {2, 0x12, 0}, {2, 0x1a, 0}, {2, 0x22, 0}, {2, 0x2a, 0},
			{2, 0x32, 0}, {2, 0x3a, 0}, bytes.Repeat([]byte{0x80}, 4096), append([]byte{0xff, 0xff, 0x3f}, make([]byte, 1<<16)...),
		} {
			s, _ := a.stream(id)
			_, _ = s.Write(garbage)
			_ = s.CloseWrite()
			_, _ = s.Read(make([]byte, 1024))
			_ = s.Reset()
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	sent, err := alice.Send(ctx, bob.Contact(), "still here")
	require.NoError(t, err)
	require.Equal(t, sent, next(t, in).ID)
}
