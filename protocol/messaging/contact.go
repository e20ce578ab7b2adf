package messaging

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// MaxHomes is how many home providers a contact may name.
const MaxHomes = 8

const (
	contactPrefix   = "topc"
	contactChecksum = 4
)

// ErrContact wraps every refusal of a contact.
var ErrContact = errors.New("bad contact")

var contactEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Validate checks the shape: one identity, 1-8 distinct providers.
func (c *Contact) Validate() error {
	if c == nil || len(c.Identity) != IdentitySize {
		return fmt.Errorf("%w: the identity must have %d bytes", ErrContact, IdentitySize)
	}
	if n := len(c.Providers); n < 1 || n > MaxHomes {
		return fmt.Errorf("%w: %d providers, want 1-%d", ErrContact, n, MaxHomes)
	}
	for i, p := range c.Providers {
		if len(p) != IdentitySize {
			return fmt.Errorf("%w: provider key of %d bytes, want %d", ErrContact, len(p), IdentitySize)
		}
		for _, other := range c.Providers[:i] {
			if string(p) == string(other) {
				return fmt.Errorf("%w: the same provider twice", ErrContact)
			}
		}
	}
	return nil
}

// Text is the contact as people pass it on: "topc", then base32 of identity, provider keys and a checksum that finds
// typing errors.
func (c *Contact) Text() string {
	raw := append([]byte{}, c.Identity...)
	for _, p := range c.Providers {
		raw = append(raw, p...)
	}
	return contactPrefix + strings.ToLower(contactEncoding.EncodeToString(append(raw, contactSum(raw)...)))
}

// ParseContact reads what Text wrote, in upper or lower case.
func ParseContact(text string) (*Contact, error) {
	body, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(text)), contactPrefix)
	if !ok {
		return nil, fmt.Errorf("%w: it must begin with %q", ErrContact, contactPrefix)
	}
	// A text longer than the longest contact is refused before it is decoded.
	if len(body) > contactEncoding.EncodedLen(IdentitySize*(1+MaxHomes)+contactChecksum) {
		return nil, fmt.Errorf("%w: too long", ErrContact)
	}
	raw, err := contactEncoding.DecodeString(strings.ToUpper(body))
	if err != nil || len(raw) < contactChecksum {
		return nil, fmt.Errorf("%w: not base32", ErrContact)
	}
	raw, sum := raw[:len(raw)-contactChecksum], raw[len(raw)-contactChecksum:]
	if string(sum) != string(contactSum(raw)) {
		return nil, fmt.Errorf("%w: the checksum does not match, look for a typing error", ErrContact)
	}
	if len(raw)%IdentitySize != 0 || len(raw) < 2*IdentitySize {
		return nil, fmt.Errorf("%w: cut off", ErrContact)
	}
	c := &Contact{Identity: raw[:IdentitySize]}
	for rest := raw[IdentitySize:]; len(rest) > 0; rest = rest[IdentitySize:] {
		c.Providers = append(c.Providers, rest[:IdentitySize])
	}
	// Base32 leaves spare bits in its last letter: only one spelling is a contact.
	if c.Text() != contactPrefix+body {
		return nil, fmt.Errorf("%w: not the canonical spelling", ErrContact)
	}
	return c, c.Validate()
}

func contactSum(raw []byte) []byte {
	sum := sha256.Sum256(newSignBytes(domainContact).bytes(raw))
	return sum[:contactChecksum]
}
