package types

import (
	"crypto/ed25519"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
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
	return checkAddress("granted_by", k.GrantedBy)
}

// checkAddress refuses every spelling of an account but one: bech32 also reads capitals, and books are kept by the text.
func checkAddress(field, addr string) error {
	account, err := sdk.AccAddressFromBech32(addr)
	if err != nil {
		return errorsmod.Wrapf(ErrInvalid, "%s %q: %s", field, addr, err)
	}
	if account.String() != addr {
		return errorsmod.Wrapf(ErrInvalid, "%s %q: write it in lower case, %s", field, addr, account)
	}
	return nil
}
