package messaging

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"unicode/utf8"
)

// IDSize is the size of a message's id.
const IDSize = 16

// ErrPayload wraps every refusal of a payload.
var ErrPayload = errors.New("bad payload")

// SignBytes is what the sender signs: recipient and prekey are in it, so a recipient cannot pass the message on as if
// it had been written to somebody else.
func (p *Payload) SignBytes() []byte {
	s := newSignBytes(domainPayload).bytes(p.Id).bytes(p.Sender.GetIdentity()).uint64(uint64(len(p.Sender.GetProviders())))
	for _, provider := range p.Sender.GetProviders() {
		s = s.bytes(provider)
	}
	return s.bytes(p.Recipient).uint64(p.PrekeyId).uint64(uint64(p.Kind)).uint64(uint64(p.SentUnixMs)).bytes(p.Body).bytes(p.Ref)
}

// Validate checks the shape without the signature.
func (p *Payload) Validate() error {
	if len(p.Id) != IDSize {
		return fmt.Errorf("%w: id of %d bytes, want %d", ErrPayload, len(p.Id), IDSize)
	}
	if err := p.Sender.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrPayload, err)
	}
	if len(p.Recipient) != IdentitySize || p.PrekeyId == 0 {
		return fmt.Errorf("%w: no recipient or no prekey", ErrPayload)
	}
	switch p.Kind {
	case Kind_KIND_TEXT:
		if len(p.Ref) != 0 {
			return fmt.Errorf("%w: a text names no other message", ErrPayload)
		}
		if !utf8.Valid(p.Body) {
			return fmt.Errorf("%w: the text is not UTF-8", ErrPayload)
		}
	case Kind_KIND_NOTIFICATION:
		if len(p.Ref) != IDSize || len(p.Body) != 0 {
			return fmt.Errorf("%w: a notification names one message and says nothing else", ErrPayload)
		}
	default:
		return fmt.Errorf("%w: unknown kind %d", ErrPayload, p.Kind)
	}
	return nil
}

func (p *Payload) sign(sender ed25519.PrivateKey) {
	p.Signature = ed25519.Sign(sender, p.SignBytes())
}

// verify checks shape, signature and that the payload was written for this envelope.
func (p *Payload) verify(e *Envelope) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if string(p.Recipient) != string(e.Recipient) || p.PrekeyId != e.PrekeyId {
		return fmt.Errorf("%w: it was written to another recipient or prekey", ErrPayload)
	}
	if len(p.Signature) != ed25519.SignatureSize || !ed25519.Verify(p.Sender.Identity, p.SignBytes(), p.Signature) {
		return fmt.Errorf("%w: signature does not match", ErrPayload)
	}
	return nil
}
