package messaging

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
	"github.com/topnetwork/top/relayer/services"
)

const fuzzEpoch = 5

var (
	fuzzNow      = time.Unix(1_800_000_000, 0)
	fuzzProvider = ed25519.NewKeyFromSeed([]byte("provider provider provider provi"))
	fuzzClient   = ed25519.NewKeyFromSeed([]byte("client client client client clie"))
	fuzzOwner    = ed25519.NewKeyFromSeed([]byte("owner owner owner owner owner ow"))
	fuzzPrices   = []*voucher.Price{{Measure: messaging.MeasureKiB, Utop: 10}, {Measure: messaging.MeasureMessage, Utop: 100}}
)

// generous is a service chain on which every key is good.
type generous struct{}

func (generous) MaxDebits(context.Context) (int, error) { return 1000, nil }

func (generous) Guarantee(context.Context, string, []byte) (metering.Guarantee, error) {
	return metering.Guarantee{Line: 10_000, Claimable: 10_000, KeyKnown: true, KeyExpires: 100}, nil
}

// Whatever the payer of a session sends on a stream of messages: it is answered or refused, each envelope that is stored was charged, and what is on disk is loaded again.
func FuzzRequests(f *testing.F) {
	// No entropy: the session's id and the challenge are known, and so are the frames of an honest client.
	offer := &voucher.Offer{
		ChainId: "top-msg-1", Service: "messaging", Provider: "top1provider", ProviderKey: fuzzProvider.Public().(ed25519.PublicKey),
		Prices: fuzzPrices, TickUtop: 10, FloatUtop: 1000, VoucherUtop: 1000, Epoch: fuzzEpoch,
	}
	offer.Sign(fuzzProvider)
	chain := voucher.NewHashChain([32]byte{1}, 1000)
	hash, anchor := offer.Hash(), chain.Anchor()
	open := &voucher.Open{
		OfferHash: hash[:], Payer: "top1payer", SessionKey: fuzzClient.Public().(ed25519.PublicKey), Anchor: anchor[:], MaxTicks: 1000, CapUtop: 10_000,
	}
	open.Sign(fuzzClient)
	id := open.SessionID()
	preimage, err := chain.Preimage(100)
	require.NoError(f, err)
	tick := &voucher.Tick{SessionId: id[:], Index: 100, Preimage: preimage[:]}

	owner := fuzzOwner.Public().(ed25519.PublicKey)
	prekey, _, err := messaging.NewPrekey(zeros{}, fuzzOwner, 7, false, fuzzNow.Add(time.Hour).Unix())
	require.NoError(f, err)
	last, _, err := messaging.NewPrekey(zeros{}, fuzzOwner, 1000, true, fuzzNow.Add(time.Hour).Unix())
	require.NoError(f, err)
	envelope := &messaging.Envelope{Recipient: owner, PrekeyId: 7, Sealed: make([]byte, messaging.MinSealed)}
	proof := messaging.MailboxSignBytes(owner, make([]byte, messaging.NonceSize), ends{}.LocalPeer().String(), ends{}.RemotePeer().String())
	envelopeID := envelope.ID()
	requests := []*messaging.Request{
		{Request: &messaging.Request_FetchPrekey{FetchPrekey: &messaging.FetchPrekey{SessionId: id[:], Recipient: owner}}},
		{Request: &messaging.Request_Deposit{Deposit: &messaging.Deposit{SessionId: id[:], Envelope: envelope}}},
		{Request: &messaging.Request_Authenticate{Authenticate: &messaging.Authenticate{Identity: owner}}},
		{Request: &messaging.Request_Proof{Proof: &messaging.Proof{Signature: ed25519.Sign(fuzzOwner, proof)}}},
		{Request: &messaging.Request_PublishPrekeys{PublishPrekeys: &messaging.PublishPrekeys{Prekeys: []*messaging.Prekey{prekey}}}},
		{Request: &messaging.Request_Pickup{Pickup: &messaging.Pickup{}}},
		{Request: &messaging.Request_Ack{Ack: &messaging.Ack{Ids: [][]byte{envelopeID[:]}}}},
	}
	var honest bytes.Buffer
	for _, m := range requests {
		var alone bytes.Buffer
		require.NoError(f, frame.Write(&alone, m))
		f.Add(alone.Bytes())
		honest.Write(alone.Bytes())
		f.Add(bytes.Clone(honest.Bytes()))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		db, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem(), Logger: silent{}})
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		clock := func() time.Time { return fuzzNow }
		sessions, err := metering.OpenSessions(metering.Config{
			ChainID: "top-msg-1", Service: "messaging", Provider: "top1provider", Key: fuzzProvider, Prices: fuzzPrices, Tick: 10, Float: 1000, Voucher: 1000,
			Now: clock, Entropy: zeros{},
		}, generous{}, db)
		require.NoError(t, err)
		sessions.Roll(fuzzEpoch)
		payer := ends{}.RemotePeer().String()
		_, _, err = sessions.Open(t.Context(), payer, offer, open, func(*voucher.ProviderFrame) {})
		require.NoError(t, err)
		require.NoError(t, sessions.Tick(payer, tick))
		boxes, err := OpenMailboxes(db, DefaultCaps, 72*time.Hour, clock)
		require.NoError(t, err)
		_, err = boxes.Publish(recipientKey(owner), []*messaging.Prekey{last, prekey})
		require.NoError(t, err)
		srv := &server{
			env:   services.Env{Sessions: sessions, DB: db, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: clock, Entropy: zeros{}},
			boxes: boxes, handed: map[handedKey]*messaging.Prekey{},
		}
		require.NoError(t, srv.register())

		srv.serve(t.Context(), &requester{Reader: bytes.NewReader(sent)})
		stored, owed := boxes.bytes, sessions.Figures().Owed
		require.LessOrEqual(t, uint64(stored)>>10*10, owed, "what is stored was charged")
		again, err := OpenMailboxes(db, DefaultCaps, 72*time.Hour, clock)
		require.NoError(t, err)
		require.Equal(t, stored, again.bytes)
	})
}

// requester is a client's end of a stream: it sends, and reads nothing.
type requester struct {
	network.Stream
	io.Reader
}

func (r *requester) Read(p []byte) (int, error)     { return r.Reader.Read(p) }
func (*requester) Write(p []byte) (int, error)      { return len(p), nil }
func (*requester) Close() error                     { return nil }
func (*requester) Reset() error                     { return nil }
func (*requester) SetReadDeadline(time.Time) error  { return nil }
func (*requester) SetWriteDeadline(time.Time) error { return nil }
func (*requester) Conn() network.Conn               { return ends{} }

type ends struct{ network.Conn }

func (ends) LocalPeer() peer.ID  { return "provider" }
func (ends) RemotePeer() peer.ID { return "client" }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
