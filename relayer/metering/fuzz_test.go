package metering

import (
	"bytes"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/voucher"
)

// Whatever a client sends on a session's stream: it is answered or refused, nothing is owed that was not charged, the provider has signed for no more than it charged,
// and what is on disk is loaded again.
func FuzzStream(f *testing.F) {
	// The provider's entropy is zero: its first offer is known, and so are the frames of an honest client.
	c := newClient(newOffer(0), 10_000, 1)
	id := c.SessionID()
	frames := []*voucher.ClientFrame{
		{Frame: &voucher.ClientFrame_OfferRequest{OfferRequest: &voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"}}},
		{Frame: &voucher.ClientFrame_Open{Open: c.Open}},
		{Frame: &voucher.ClientFrame_Tick{Tick: c.tick(24)}},
		{Frame: &voucher.ClientFrame_Voucher{Voucher: c.voucher(1, messages(1))}},
		{Frame: &voucher.ClientFrame_Close{Close: &voucher.Close{SessionId: id[:]}}},
	}
	var honest bytes.Buffer
	for _, m := range frames {
		require.NoError(f, frame.Write(&honest, m))
		f.Add(bytes.Clone(honest.Bytes()))
	}
	f.Add(append(bytes.Clone(honest.Bytes()), honest.Bytes()...))
	f.Fuzz(func(t *testing.T, sent []byte) {
		db, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem(), Logger: silent{}})
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		cfg := Config{
			ChainID: "top-msg-1", Service: "messaging", Provider: "top1provider", Key: providerKey, Prices: newOffer(0).Prices, Tick: 10, Float: 1000, Voucher: 500,
			GuaranteeAge: 5 * time.Second, Now: func() time.Time { return now }, Entropy: zeros{},
		}
		ledger := &chain{maxDebits: 1000, Guarantee_: Guarantee{Line: 10_000, Claimable: 10_000, KeyKnown: true, KeyExpires: 100}}
		s, err := OpenSessions(cfg, ledger, db)
		require.NoError(t, err)
		s.Roll(epoch)
		s.Serve(t.Context(), &sender{Reader: bytes.NewReader(sent)}, slog.New(slog.DiscardHandler))
		require.Zero(t, s.Figures().Owed, "nothing was charged")
		for _, e := range s.entries() {
			require.Nil(t, e.session.Evidence(), "the provider has signed for what it did not charge")
		}
		again, err := OpenSessions(cfg, ledger, db)
		require.NoError(t, err)
		require.Equal(t, s.Figures(), again.Figures())
	})
}

// sender is a client's end of a stream: it sends, and reads nothing.
type sender struct {
	network.Stream
	io.Reader
}

func (s *sender) Read(p []byte) (int, error)     { return s.Reader.Read(p) }
func (*sender) Write(p []byte) (int, error)      { return len(p), nil }
func (*sender) Close() error                     { return nil }
func (*sender) Reset() error                     { return nil }
func (*sender) SetReadDeadline(time.Time) error  { return nil }
func (*sender) SetWriteDeadline(time.Time) error { return nil }
func (*sender) Conn() network.Conn               { return connection{} }

type connection struct{ network.Conn }

func (connection) RemotePeer() peer.ID { return "client" }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) { panic("database") }
