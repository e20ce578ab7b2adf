//go:build process

package process

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/keyfile"
	"github.com/topnetwork/top/sdk/session"
)

const (
	// What one message of the smallest size costs at the network's prices: 100 utop, and 10 for each of its 2 KiB.
	messageCost = 120
	// paidMessages is how many the freeloader pays for.
	paidMessages = 3
)

// freeloader is a client of a real provider that has credit, speaks the protocol, and stops paying.
type freeloader struct {
	t        *testing.T
	open     func(protocol.ID) network.Stream
	state    *session.State
	sessions network.Stream
	bills    *frame.Reader
}

// newFreeloader opens a session with a provider on a user's credit.
func newFreeloader(t *testing.T, user, provider int) *freeloader {
	t.Helper()
	sessionKey, err := keyfile.Load(filepath.Join(net.Dir, net.Users[user].Name, "session.key"))
	require.NoError(t, err)
	return openSession(t, net.Users[user].Address, sessionKey, provider)
}

// openSession with a provider, paid by whoever the session key belongs to.
func openSession(t *testing.T, payer string, sessionKey ed25519.PrivateKey, provider int) *freeloader {
	t.Helper()
	f := negotiate(t, payer, sessionKey, provider)
	f.tell(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Open{Open: f.state.Open}})
	// The first bill follows the confirmation.
	f.billed(func(*voucher.Bill) bool { return true })
	return f
}

// negotiate a session with a provider and do not open it.
func negotiate(t *testing.T, payer string, sessionKey ed25519.PrivateKey, provider int) *freeloader {
	t.Helper()
	p := net.Providers[provider]
	var registered struct {
		Provider struct {
			Key    string `json:"key"`
			Prices []struct {
				Measure string `json:"measure"`
				Utop    amount `json:"utop"`
			} `json:"prices"`
		} `json:"provider"`
	}
	require.NoError(t, net.Service.REST().Get(t.Context(), "/top/usage/v1/providers/"+p.Address, &registered))
	key, err := base64.StdEncoding.DecodeString(registered.Provider.Key)
	require.NoError(t, err)
	prices := map[string]uint64{}
	for _, price := range registered.Provider.Prices {
		prices[price.Measure] = uint64(price.Utop)
	}

	h, err := libp2p.New(libp2p.NoListenAddrs)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	public, err := crypto.UnmarshalEd25519PublicKey(key)
	require.NoError(t, err)
	id, err := peer.IDFromPublicKey(public)
	require.NoError(t, err)
	address, err := multiaddr.NewMultiaddr(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", p.Port))
	require.NoError(t, err)
	require.NoError(t, h.Connect(t.Context(), peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{address}}))

	f := &freeloader{t: t, open: func(protocol protocol.ID) network.Stream {
		s, err := h.NewStream(t.Context(), id, protocol)
		require.NoError(t, err)
		require.NoError(t, s.SetDeadline(time.Now().Add(30*time.Second)))
		t.Cleanup(func() { _ = s.Reset() })
		return s
	}}
	terms := session.Terms{
		ChainID: net.Service.ID, Service: "messaging", Provider: p.Address, ProviderKey: key, MaxPrices: prices,
		Epoch: freshEpoch(t), Payer: payer, Key: sessionKey, Cap: 10_000,
	}
	// The provider offers the new epoch once it has seen it.
	require.NoError(t, process.Await(t.Context(), "an offer for the epoch", func(ctx context.Context) (err error) {
		f.sessions = f.open(session.Protocol)
		f.state, err = session.Negotiate(ctx, f.sessions, terms, rand.Reader)
		return err
	}))
	f.bills = frame.NewReader(f.sessions)
	return f
}

// freshEpoch waits for the beginning of an epoch, so that none ends during the test.
func freshEpoch(t *testing.T) uint64 {
	t.Helper()
	read := func(ctx context.Context) (uint64, error) {
		var answer struct {
			Epoch amount `json:"epoch"`
		}
		err := net.Service.REST().Get(ctx, "/top/usage/v1/epoch", &answer)
		return uint64(answer.Epoch), err
	}
	before, err := read(t.Context())
	require.NoError(t, err)
	now := before
	require.NoError(t, process.Await(t.Context(), "the next epoch", func(ctx context.Context) (err error) {
		if now, err = read(ctx); err == nil && now == before {
			err = fmt.Errorf("epoch is %d", now)
		}
		return err
	}))
	return now
}

func (f *freeloader) tell(m *voucher.ClientFrame) {
	f.t.Helper()
	require.NoError(f.t, frame.Write(f.sessions, m))
}

// billed reads the provider's frames until a bill satisfies the condition.
func (f *freeloader) billed(condition func(*voucher.Bill) bool) *voucher.Bill {
	f.t.Helper()
	for {
		var m voucher.ProviderFrame
		require.NoError(f.t, f.bills.Read(&m))
		require.Nil(f.t, m.GetRefusal())
		if bill := m.GetBill(); bill != nil && condition(bill) {
			return bill
		}
	}
}

// pay releases ticks worth an amount and waits until they are billed.
func (f *freeloader) pay(utop uint64) {
	f.t.Helper()
	index := (utop-1)/f.state.Offer.TickUtop + 1
	preimage, err := voucher.NewHashChain([32]byte(f.state.Seed), f.state.Open.MaxTicks).Preimage(index)
	require.NoError(f.t, err)
	id := f.state.ID()
	f.tell(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Tick{Tick: &voucher.Tick{SessionId: id[:], Index: index, Preimage: preimage[:]}}})
	f.billed(func(b *voucher.Bill) bool { return b.TickedUtop >= utop })
}

// ask sends one request on a stream of its own.
func (f *freeloader) ask(req *messaging.Request) *messaging.Response {
	f.t.Helper()
	s := f.open(messaging.Protocol)
	require.NoError(f.t, frame.Write(s, req))
	var res messaging.Response
	require.NoError(f.t, frame.NewReader(s).Read(&res))
	return &res
}

// deposit sends a message to somebody and answers the code with which it is refused, "" if it is not.
func (f *freeloader) deposit(sender ed25519.PrivateKey, recipient []byte, text string) string {
	f.t.Helper()
	id := f.state.ID()
	res := f.ask(&messaging.Request{Request: &messaging.Request_FetchPrekey{FetchPrekey: &messaging.FetchPrekey{SessionId: id[:], Recipient: recipient}}})
	if r := res.GetRefusal(); r != nil {
		return r.Code
	}
	payload := &messaging.Payload{
		Id:     make([]byte, messaging.IDSize),
		Sender: &messaging.Contact{Identity: sender.Public().(ed25519.PublicKey), Providers: [][]byte{f.state.Offer.ProviderKey}},
		Kind:   messaging.Kind_KIND_TEXT, SentUnixMs: time.Now().UnixMilli(), Body: []byte(text),
	}
	_, err := rand.Read(payload.Id)
	require.NoError(f.t, err)
	envelope, err := messaging.Seal(payload, sender, res.GetPrekey())
	require.NoError(f.t, err)
	res = f.ask(&messaging.Request{Request: &messaging.Request_Deposit{Deposit: &messaging.Deposit{SessionId: id[:], Envelope: envelope}}})
	if r := res.GetRefusal(); r != nil {
		return r.Code
	}
	require.True(f.t, res.GetDeposited().GetCharged())
	return ""
}

// A client that stops paying is cut off by the provider as soon as the next message is not covered, and pays for nothing it did not get.
func TestUnpaidClientIsCutOff(t *testing.T) {
	recipient, err := keyfile.Load(filepath.Join(net.Dir, net.Users[1].Name, "identity.key"))
	require.NoError(t, err)
	to := recipient.Public().(ed25519.PublicKey)
	_, sender, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	f := newFreeloader(t, 0, 1)

	require.Equal(t, refusal.TickDue, f.deposit(sender, to, "nothing before the first tick"))
	f.pay(paidMessages * messageCost)
	for range paidMessages {
		require.Empty(t, f.deposit(sender, to, "paid"))
	}
	for range 5 {
		require.Equal(t, refusal.TickDue, f.deposit(sender, to, "unpaid"))
	}
	bill := f.billed(func(b *voucher.Bill) bool { return b.DueUtop >= paidMessages*messageCost })
	require.EqualValues(t, paidMessages*messageCost, bill.DueUtop, "what was refused is not billed")

	// Paying again is being served again.
	f.pay((paidMessages + 1) * messageCost)
	require.Empty(t, f.deposit(sender, to, "paid again"))
}
