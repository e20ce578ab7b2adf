package messaging

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/frame"
)

// ErrEnvelope wraps every refusal of an envelope.
var ErrEnvelope = errors.New("bad envelope")

// EnvelopeID is SHA-256 over an envelope: providers and recipients know it again by that.
type EnvelopeID [sha256.Size]byte

// ID answers the envelope's id.
func (e *Envelope) ID() EnvelopeID {
	return sha256.Sum256(newSignBytes(domainEnvelope).bytes(e.Recipient).uint64(e.PrekeyId).bytes(e.Sealed))
}

// Validate checks what a provider can check: shape and size.
func (e *Envelope) Validate() error {
	if e == nil || len(e.Recipient) != IdentitySize {
		return fmt.Errorf("%w: the recipient must have %d bytes", ErrEnvelope, IdentitySize)
	}
	if e.PrekeyId == 0 {
		return fmt.Errorf("%w: no prekey", ErrEnvelope)
	}
	if !bucket(len(e.Sealed)) {
		return fmt.Errorf("%w: %d sealed bytes, want a power of two from %d to %d", ErrEnvelope, len(e.Sealed), MinSealed, MaxSealed)
	}
	return nil
}

// KiB is the size that a deposit is billed for, rounded up.
func (e *Envelope) KiB() uint64 { return (uint64(len(e.Sealed)) + 1023) / 1024 }

// info binds the ciphertext to its purpose, recipient and prekey: what is sealed for one opens for no other.
func info(recipient []byte, prekey uint64, lastResort bool) []byte {
	return newSignBytes(domainSeal).bytes(recipient).uint64(prekey).bool(lastResort)
}

// Seal signs a payload and encrypts it to a prekey. It fills in recipient, prekey and signature; the caller has verified
// the prekey. HPKE draws its ephemeral key from the system, so Seal is for clients and never for a state machine.
func Seal(p *Payload, sender ed25519.PrivateKey, prekey *Prekey) (*Envelope, error) {
	p.Recipient, p.PrekeyId = prekey.Identity, prekey.Id
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if string(p.Sender.Identity) != string(sender.Public().(ed25519.PublicKey)) {
		return nil, fmt.Errorf("%w: the sender's key is another's", ErrPayload)
	}
	p.sign(sender)
	encoded, err := p.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	padded, err := pad(encoded)
	if err != nil {
		return nil, err
	}
	key, err := kem().NewPublicKey(prekey.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrekey, err)
	}
	sealed, err := hpke.Seal(key, kdf(), aead(), info(prekey.Identity, prekey.Id, prekey.LastResort), padded)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Envelope{Recipient: prekey.Identity, PrekeyId: prekey.Id, Sealed: sealed}, nil
}

// Open decrypts an envelope with the prekey's secret and checks the sender's signature and that the payload was written
// for this envelope.
func Open(e *Envelope, secret []byte, lastResort bool) (*Payload, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	key, err := kem().NewPrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrekey, err)
	}
	padded, err := hpke.Open(key, kdf(), aead(), info(e.Recipient, e.PrekeyId, lastResort), e.Sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not open with this prekey", ErrEnvelope)
	}
	encoded, err := unpad(padded)
	if err != nil {
		return nil, err
	}
	var p Payload
	if err := frame.Decode(encoded, &p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	if err := p.verify(e); err != nil {
		return nil, err
	}
	return &p, nil
}
