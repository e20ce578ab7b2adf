package messaging

import (
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
)

const (
	// IdentitySize is the size of an ed25519 public key.
	IdentitySize = ed25519.PublicKeySize
	// PrekeySize is the size of an MLKEM768-X25519 public key.
	PrekeySize = 1216
	// PrekeySecretSize is the size of the seed that a prekey's private half grows from.
	PrekeySecretSize = 32
	// MaxPrekeys is how many one-time prekeys of an identity a provider keeps.
	MaxPrekeys = 128
)

// ErrPrekey wraps every refusal of a prekey.
var ErrPrekey = errors.New("bad prekey")

// X-Wing (draft-ietf-hpke-pq): safe as long as either ML-KEM-768 or X25519 is, so what is recorded today stays closed
// to a quantum computer of tomorrow.
func kem() hpke.KEM   { return hpke.MLKEM768X25519() }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.ChaCha20Poly1305() }

// NewPrekey makes a prekey of identity from 32 bytes of entropy, which it also answers: the secret that opens what is
// sealed to the prekey. Reading from entropy fails with its error.
func NewPrekey(entropy io.Reader, identity ed25519.PrivateKey, id uint64, lastResort bool, expiresUnix int64) (*Prekey, []byte, error) {
	secret := make([]byte, PrekeySecretSize)
	if _, err := io.ReadFull(entropy, secret); err != nil {
		return nil, nil, fmt.Errorf("read entropy: %w", err)
	}
	key, err := kem().NewPrivateKey(secret)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrPrekey, err)
	}
	p := &Prekey{
		Identity:    identity.Public().(ed25519.PublicKey),
		Id:          id,
		PublicKey:   key.PublicKey().Bytes(),
		LastResort:  lastResort,
		ExpiresUnix: expiresUnix,
	}
	p.Signature = ed25519.Sign(identity, p.SignBytes())
	return p, secret, nil
}

// SignBytes is what the identity signs.
func (p *Prekey) SignBytes() []byte {
	return newSignBytes(domainPrekey).bytes(p.Identity).uint64(p.Id).bytes(p.PublicKey).bool(p.LastResort).uint64(uint64(p.ExpiresUnix))
}

// Verify checks shape and signature and that the prekey is of identity and not expired at nowUnix.
func (p *Prekey) Verify(identity []byte, nowUnix int64) error {
	switch {
	case p == nil:
		return fmt.Errorf("%w: none given", ErrPrekey)
	case len(identity) != IdentitySize || string(p.Identity) != string(identity):
		return fmt.Errorf("%w: of another identity", ErrPrekey)
	case p.Id == 0:
		return fmt.Errorf("%w: id 0", ErrPrekey)
	case len(p.PublicKey) != PrekeySize:
		return fmt.Errorf("%w: key of %d bytes, want %d", ErrPrekey, len(p.PublicKey), PrekeySize)
	case p.ExpiresUnix <= nowUnix:
		return fmt.Errorf("%w: expired", ErrPrekey)
	case len(p.Signature) != ed25519.SignatureSize || !ed25519.Verify(p.Identity, p.SignBytes(), p.Signature):
		return fmt.Errorf("%w: signature does not match", ErrPrekey)
	}
	if _, err := kem().NewPublicKey(p.PublicKey); err != nil {
		return fmt.Errorf("%w: %w", ErrPrekey, err)
	}
	return nil
}
