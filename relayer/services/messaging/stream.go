package messaging

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

const (
	readTimeout  = time.Minute
	writeTimeout = 30 * time.Second
	// maxPublished prekeys in one request.
	maxPublished = messaging.MaxPrekeys + 1
)

// stream is one client's conversation.
type stream struct {
	*server
	network.Stream
	peer    string
	nonce   []byte
	claimed []byte        // identity that Authenticate named
	owner   *recipientKey // identity that proved itself

	writing sync.Mutex
}

func (s *server) serve(ctx context.Context, raw network.Stream) {
	st := &stream{server: s, Stream: raw, peer: raw.Conn().RemotePeer().String()}
	stop := context.AfterFunc(ctx, func() { _ = raw.Reset() })
	defer stop()
	defer func() { _ = raw.Close() }()
	r := frame.NewReader(raw)
	for {
		_ = raw.SetReadDeadline(time.Now().Add(readTimeout))
		var req messaging.Request
		if err := r.Read(&req); err != nil {
			if errors.Is(err, frame.ErrFrame) {
				_ = st.refuse(refusal.BadFrame, err.Error())
			}
			if !errors.Is(err, io.EOF) {
				_ = raw.Reset()
			}
			return
		}
		if _, ok := req.Request.(*messaging.Request_Pickup); ok && st.owner != nil {
			st.pickup(ctx, r)
			return
		}
		res, err := st.answer(ctx, &req)
		if err != nil {
			code, reason := s.code(err)
			if st.refuse(code, reason) != nil || code == refusal.BadFrame {
				return
			}
			continue
		}
		if st.write(res) != nil {
			return
		}
	}
}

var (
	errBadRequest       = errors.New("bad request")
	errNotAuthenticated = errors.New("authenticate first: this is for the mailbox's owner")
)

// code turns an error into a refusal. The provider's own failures are logged and not told.
func (s *server) code(err error) (code, reason string) {
	var refused *refusal.Error
	switch {
	case errors.As(err, &refused):
		return refused.Code, refused.Reason
	case errors.Is(err, errBadRequest), errors.Is(err, messaging.ErrEnvelope), errors.Is(err, messaging.ErrPrekey):
		code = refusal.BadFrame
	case errors.Is(err, errNotAuthenticated):
		code = refusal.NotAuthenticated
	case errors.Is(err, errUnknownRecipient):
		code = refusal.UnknownRecipient
	case errors.Is(err, errNoPrekey):
		code = refusal.NoPrekey
	case errors.Is(err, errMailboxFull):
		code = refusal.MailboxFull
	case errors.Is(err, errProviderFull):
		code = refusal.ProviderFull
	default:
		if !errors.Is(err, errInFlight) {
			s.env.Log.Error("messaging", "err", err)
		}
		return refusal.Unavailable, "the provider failed; try again"
	}
	return code, err.Error()
}

func (st *stream) answer(ctx context.Context, req *messaging.Request) (*messaging.Response, error) {
	switch m := req.Request.(type) {
	case *messaging.Request_FetchPrekey:
		p, err := st.fetch(m.FetchPrekey)
		return &messaging.Response{Response: &messaging.Response_Prekey{Prekey: p}}, err
	case *messaging.Request_Deposit:
		d, err := st.deposit(ctx, m.Deposit)
		return &messaging.Response{Response: &messaging.Response_Deposited{Deposited: d}}, err
	case *messaging.Request_Authenticate:
		if len(m.Authenticate.Identity) != messaging.IdentitySize || st.nonce != nil {
			return nil, fmt.Errorf("%w: authenticate once per stream, with a key of %d bytes", errBadRequest, messaging.IdentitySize)
		}
		st.nonce, st.claimed = make([]byte, messaging.NonceSize), m.Authenticate.Identity
		if _, err := io.ReadFull(st.env.Entropy, st.nonce); err != nil {
			return nil, err
		}
		return &messaging.Response{Response: &messaging.Response_Challenge{Challenge: &messaging.Challenge{Nonce: st.nonce}}}, nil
	case *messaging.Request_Proof:
		a, err := st.prove(m.Proof)
		return &messaging.Response{Response: &messaging.Response_Authenticated{Authenticated: a}}, err
	case *messaging.Request_PublishPrekeys:
		if st.owner == nil {
			return nil, errNotAuthenticated
		}
		if len(m.PublishPrekeys.Prekeys) > maxPublished {
			return nil, fmt.Errorf("%w: at most %d prekeys at once", errBadRequest, maxPublished)
		}
		n, err := st.boxes.Publish(*st.owner, m.PublishPrekeys.Prekeys)
		return &messaging.Response{Response: &messaging.Response_Published{Published: &messaging.Published{Prekeys: n}}}, err
	case *messaging.Request_Ack:
		n, err := st.ack(m.Ack)
		return &messaging.Response{Response: &messaging.Response_Acked{Acked: &messaging.Acked{Deleted: n}}}, err
	case *messaging.Request_Pickup:
		return nil, errNotAuthenticated
	}
	return nil, fmt.Errorf("%w: empty frame", errBadRequest)
}

func (st *stream) prove(p *messaging.Proof) (*messaging.Authenticated, error) {
	if st.nonce == nil || st.owner != nil {
		return nil, fmt.Errorf("%w: ask for a challenge first", errBadRequest)
	}
	signed := messaging.MailboxSignBytes(st.claimed, st.nonce, st.Conn().LocalPeer().String(), st.peer)
	if !ed25519.Verify(st.claimed, signed, p.Signature) {
		return nil, fmt.Errorf("%w: the signature does not match the challenge", errBadRequest)
	}
	owner := recipientKey(st.claimed)
	st.owner = &owner
	return st.boxes.State(owner)
}

func (st *stream) fetch(m *messaging.FetchPrekey) (*messaging.Prekey, error) {
	if len(m.Recipient) != messaging.IdentitySize {
		return nil, fmt.Errorf("%w: the recipient must have %d bytes", errBadRequest, messaging.IdentitySize)
	}
	if err := st.env.Sessions.Paying(st.peer, m.SessionId); err != nil {
		return nil, err
	}
	k := handedKey{session: [32]byte(m.SessionId), recipient: recipientKey(m.Recipient)}
	// Held while a prekey is taken: two requests of one session at a time must not get two.
	st.mu.Lock()
	defer st.mu.Unlock()
	if p := st.handed[k]; p != nil && p.ExpiresUnix > st.env.Now().Unix() {
		return p, nil
	}
	p, err := st.boxes.Take(k.recipient)
	if err != nil {
		return nil, err
	}
	if len(st.handed) >= maxHanded {
		clear(st.handed)
	}
	st.handed[k] = p
	return p, nil
}

func (st *stream) deposit(ctx context.Context, m *messaging.Deposit) (*messaging.Deposited, error) {
	if err := m.Envelope.Validate(); err != nil {
		return nil, err
	}
	if len(m.SessionId) != 32 {
		return nil, fmt.Errorf("%w: a session id has 32 bytes", errBadRequest)
	}
	usage := []*voucher.Usage{
		{Measure: messaging.MeasureKiB, Quantity: m.Envelope.KiB()},
		{Measure: messaging.MeasureMessage, Quantity: 1},
	}
	d, err := st.boxes.Put(m.Envelope, [32]byte(m.SessionId), func(write func(*pebble.Batch) error) error {
		return st.env.Sessions.Charge(ctx, st.peer, m.SessionId, usage, write)
	})
	if err != nil {
		return nil, err
	}
	k := handedKey{session: [32]byte(m.SessionId), recipient: recipientKey(m.Envelope.Recipient)}
	st.mu.Lock()
	if p := st.handed[k]; p != nil && p.Id == m.Envelope.PrekeyId {
		delete(st.handed, k)
	}
	st.mu.Unlock()
	if d.Duplicate {
		st.duplicates.Inc()
	} else {
		st.deposits.Inc()
	}
	return d, nil
}

func (st *stream) ack(m *messaging.Ack) (uint32, error) {
	if st.owner == nil {
		return 0, errNotAuthenticated
	}
	if len(m.Ids) > messaging.MaxAcks {
		return 0, fmt.Errorf("%w: at most %d ids at once", errBadRequest, messaging.MaxAcks)
	}
	return st.boxes.Ack(*st.owner, m.Ids)
}

// pickup streams envelopes while it takes acknowledgements, until the client goes.
func (st *stream) pickup(ctx context.Context, r *frame.Reader) {
	_ = st.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cancel()
		for {
			var req messaging.Request
			if r.Read(&req) != nil {
				return
			}
			if _, ok := req.Request.(*messaging.Request_Ack); !ok {
				_ = st.refuse(refusal.BadFrame, "only acknowledgements may follow a pickup")
				return
			}
			res, err := st.answer(ctx, &req)
			if err != nil {
				code, reason := st.code(err)
				if st.refuse(code, reason) != nil || code == refusal.BadFrame {
					return
				}
				continue
			}
			if st.write(res) != nil {
				return
			}
		}
	})
	err := st.boxes.Follow(ctx, *st.owner, func(e *messaging.Envelope) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		st.pickups.Inc()
		return st.write(&messaging.Response{Response: &messaging.Response_Delivery{Delivery: e}})
	})
	if err != nil && ctx.Err() == nil {
		code, reason := st.code(err)
		_ = st.refuse(code, reason)
	}
	// Ends the reader without throwing away what was written.
	_ = st.SetReadDeadline(time.Now())
	reading.Wait()
}

func (st *stream) refuse(code, reason string) error {
	st.refusals.WithLabelValues(code).Inc()
	return st.write(&messaging.Response{Response: &messaging.Response_Refusal{Refusal: &voucher.Refusal{Code: code, Reason: reason}}})
}

func (st *stream) write(res *messaging.Response) error {
	st.writing.Lock()
	defer st.writing.Unlock()
	_ = st.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := frame.Write(st, res); err != nil {
		_ = st.Reset()
		return err
	}
	return nil
}
