package sdk

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
)

// callTimeout for one request and its answer.
const callTimeout = 15 * time.Second

var errAnswer = errors.New("the provider answered something else than was asked")

// call is a messaging stream to a provider.
type call struct {
	network.Stream
	r    *frame.Reader
	stop func() bool
}

// dialMessaging opens a stream that ends when ctx does.
func (c *Client) dialMessaging(ctx context.Context, provider []byte) (*call, error) {
	s, err := c.dir.dial(ctx, provider, messaging.Protocol)
	if err != nil {
		return nil, err
	}
	return &call{Stream: s, r: frame.NewReader(s), stop: context.AfterFunc(ctx, func() { _ = s.Reset() })}, nil
}

// end gives the stream back; a stream that failed is reset.
func (c *call) end(err error) {
	c.stop()
	if err != nil {
		_ = c.Reset()
		return
	}
	_ = c.Close()
}

// ask sends a request and waits for its answer; a refusal is an error.
func (c *call) ask(req *messaging.Request) (*messaging.Response, error) {
	_ = c.SetDeadline(time.Now().Add(callTimeout))
	if err := frame.Write(c, req); err != nil {
		return nil, err
	}
	return c.next()
}

func (c *call) next() (*messaging.Response, error) {
	var res messaging.Response
	if err := c.r.Read(&res); err != nil {
		return nil, err
	}
	if r := res.GetRefusal(); r != nil {
		return nil, refusal.Of(r)
	}
	return &res, nil
}

// fetchPrekey asks for a prekey of a recipient and verifies it.
func (c *Client) fetchPrekey(ctx context.Context, provider []byte, id [32]byte, recipient []byte) (p *messaging.Prekey, err error) {
	s, err := c.dialMessaging(ctx, provider)
	if err != nil {
		return nil, err
	}
	defer func() { s.end(err) }()
	res, err := s.ask(&messaging.Request{Request: &messaging.Request_FetchPrekey{
		FetchPrekey: &messaging.FetchPrekey{SessionId: id[:], Recipient: recipient},
	}})
	if err != nil {
		return nil, err
	}
	p = res.GetPrekey()
	return p, p.Verify(recipient, time.Now().Unix())
}

// deposit stores an envelope and answers whether the session was charged.
func (c *Client) deposit(ctx context.Context, provider []byte, id [32]byte, e *messaging.Envelope) (charged bool, err error) {
	s, err := c.dialMessaging(ctx, provider)
	if err != nil {
		return false, err
	}
	defer func() { s.end(err) }()
	res, err := s.ask(&messaging.Request{Request: &messaging.Request_Deposit{
		Deposit: &messaging.Deposit{SessionId: id[:], Envelope: e},
	}})
	if err != nil {
		return false, err
	}
	want := e.ID()
	d := res.GetDeposited()
	if d == nil || string(d.Id) != string(want[:]) {
		return false, errAnswer
	}
	return d.Charged, nil
}

// ownMailbox opens a stream to a home provider and proves that the mailbox is ours.
func (c *Client) ownMailbox(ctx context.Context, provider []byte) (*call, *messaging.Authenticated, error) {
	s, err := c.dialMessaging(ctx, provider)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.prove(s)
	if err != nil {
		s.end(err)
		return nil, nil, err
	}
	return s, a, nil
}

// prove answers a provider's challenge.
func (c *Client) prove(s *call) (*messaging.Authenticated, error) {
	identity := c.identity.Public().(ed25519.PublicKey)
	res, err := s.ask(&messaging.Request{Request: &messaging.Request_Authenticate{
		Authenticate: &messaging.Authenticate{Identity: identity},
	}})
	if err != nil {
		return nil, err
	}
	nonce := res.GetChallenge().GetNonce()
	if len(nonce) != messaging.NonceSize {
		return nil, fmt.Errorf("%w: no challenge", errAnswer)
	}
	signed := messaging.MailboxSignBytes(identity, nonce, s.Conn().RemotePeer().String(), s.Conn().LocalPeer().String())
	res, err = s.ask(&messaging.Request{Request: &messaging.Request_Proof{
		Proof: &messaging.Proof{Signature: ed25519.Sign(c.identity, signed)},
	}})
	if err != nil {
		return nil, err
	}
	if a := res.GetAuthenticated(); a != nil {
		return a, nil
	}
	return nil, errAnswer
}
