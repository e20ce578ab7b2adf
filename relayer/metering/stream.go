package metering

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

const (
	// Protocol is the libp2p protocol id of session streams.
	Protocol = "/top/session/1.0.0"
	// maxOffers per stream: an offer costs a signature.
	maxOffers = 8
	// writeTimeout cuts off a client that does not read.
	writeTimeout = 10 * time.Second
	// openTimeout cuts off a client that connects and opens nothing.
	openTimeout = 30 * time.Second
)

// Serve speaks the session protocol on one stream until either side ends it. One stream carries one session.
func (s *Sessions) Serve(ctx context.Context, stream network.Stream, log *slog.Logger) {
	c := &conversation{sessions: s, stream: stream, peer: stream.Conn().RemotePeer().String()}
	defer c.end()
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	defer stop()
	_ = stream.SetReadDeadline(time.Now().Add(openTimeout))
	r := frame.NewReader(stream)
	for {
		var f voucher.ClientFrame
		if err := r.Read(&f); err != nil {
			if errors.Is(err, frame.ErrFrame) {
				c.refuse(refusal.New(refusal.BadFrame, "%v", err))
			}
			if !errors.Is(err, io.EOF) {
				_ = stream.Reset()
			}
			return
		}
		done, err := c.handle(ctx, &f)
		if err != nil {
			refused := refusal.As(err)
			if refused.Code == refusal.Unavailable {
				log.Error("session stream", "err", err)
			}
			c.refuse(refused)
			// A peer that breaks the protocol once is not asked for more.
			if refused.Code == refusal.BadFrame {
				return
			}
		}
		if done {
			return
		}
	}
}

// conversation is the state of one stream.
type conversation struct {
	sessions *Sessions
	stream   network.Stream
	peer     string
	offers   int
	offer    *voucher.Offer
	id       *[32]byte
	detach   func()

	writing sync.Mutex
}

func (c *conversation) handle(ctx context.Context, f *voucher.ClientFrame) (done bool, err error) {
	switch m := f.Frame.(type) {
	case *voucher.ClientFrame_OfferRequest:
		if c.offers++; c.id != nil || c.offers > maxOffers {
			return false, refusal.New(refusal.BadFrame, "offers are given before a session opens, at most %d", maxOffers)
		}
		if c.offer, err = c.sessions.Offer(m.OfferRequest); err != nil {
			return false, err
		}
		c.write(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Offer{Offer: c.offer}})
		return false, nil
	case *voucher.ClientFrame_Open:
		if c.id != nil {
			return false, refusal.New(refusal.BadFrame, "a stream carries one session")
		}
		id, detach, err := c.sessions.Open(ctx, c.peer, c.offer, m.Open, c.write)
		if err != nil {
			return false, err
		}
		c.id, c.detach = &id, detach
		// From here on silence is not a fault: a session may be idle for the rest of its epoch.
		return false, c.stream.SetReadDeadline(time.Time{})
	}
	if c.id == nil {
		return false, refusal.New(refusal.BadFrame, "open a session first")
	}
	switch m := f.Frame.(type) {
	case *voucher.ClientFrame_Tick:
		if string(m.Tick.SessionId) != string(c.id[:]) {
			return false, refusal.New(refusal.BadFrame, "the tick is of another session")
		}
		return false, c.sessions.Tick(c.peer, m.Tick)
	case *voucher.ClientFrame_Voucher:
		if string(m.Voucher.SessionId) != string(c.id[:]) {
			return false, refusal.New(refusal.BadFrame, "the voucher is of another session")
		}
		return false, c.sessions.Voucher(c.peer, m.Voucher)
	case *voucher.ClientFrame_Close:
		if string(m.Close.SessionId) != string(c.id[:]) {
			return false, refusal.New(refusal.BadFrame, "the session is another")
		}
		return true, c.sessions.Close(c.peer, m.Close.SessionId)
	}
	return false, refusal.New(refusal.BadFrame, "empty frame")
}

func (c *conversation) refuse(r *refusal.Error) {
	c.write(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Refusal{Refusal: r.Frame()}})
}

// write sends a frame. Failing ends the stream: the client opens another and is told again where it stands.
func (c *conversation) write(f *voucher.ProviderFrame) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.stream.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := frame.Write(c.stream, f); err != nil {
		_ = c.stream.Reset()
	}
}

func (c *conversation) end() {
	if c.detach != nil {
		c.detach()
	}
	_ = c.stream.Close()
}
