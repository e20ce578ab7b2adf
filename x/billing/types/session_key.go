package types

import (
	"crypto/ed25519"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/internal/account"
)

// ValidateKey checks a session key's form.
func ValidateKey(key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return errorsmod.Wrapf(ErrInvalid, "session key has %d bytes, want %d (ed25519)", len(key), ed25519.PublicKeySize)
	}
	return nil
}

// Validate checks a stored or received session key.
func (k SessionKey) Validate() error {
	if err := ValidateKey(k.Key); err != nil {
		return err
	}
	if k.CapUtop == 0 {
		return errorsmod.Wrap(ErrInvalid, "session key with a cap of 0")
	}
	return account.Check(ErrInvalid, "granted_by", k.GrantedBy)
}
