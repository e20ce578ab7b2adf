package voucher

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/bits"
	"strings"
)

// MaxTicks bounds a hash chain, and so the work of checking one.
const MaxTicks = 1 << 24

// SignBytes is the canonical encoding that the session key signs. The offer's hash binds chain, provider, prices and epoch.
func (o *Open) SignBytes() []byte {
	return newEncoder(domainOpen).bytes(o.OfferHash).str(o.Payer).bytes(o.SessionKey).bytes(o.Anchor).u64(o.MaxTicks).u64(o.CapUtop).u64(o.Nonce).b
}

// SessionID names the session: SHA-256 of the open's sign bytes.
func (o *Open) SessionID() [32]byte {
	e := encoder{b: o.SignBytes()}
	return e.hash()
}

// Sign sets the signature. key must belong to SessionKey.
func (o *Open) Sign(key ed25519.PrivateKey) { o.Signature = ed25519.Sign(key, o.SignBytes()) }

// Verify checks the offer, then shape and signature, and that the open accepts this very offer. Every tick of the chain is worth a sum that fits into uint64.
// It does not know escrows: that SessionKey may spend Payer's credit is the caller's to check.
func (o *Open) Verify(offer *Offer) error { return o.verify(alone{}, offer) }

func (o *Open) verify(c checker, offer *Offer) error {
	if o == nil {
		return fmt.Errorf("%w: no open", ErrMalformed)
	}
	if err := offer.verify(c); err != nil {
		return err
	}
	if h := offer.Hash(); !bytes.Equal(o.OfferHash, h[:]) {
		return fmt.Errorf("%w: the open accepts offer %x, not %x", ErrMismatch, o.OfferHash, h)
	}
	if strings.ToLower(o.Payer) != o.Payer {
		return fmt.Errorf("%w: open payer %q is not in lower case: the chains keep books by one spelling", ErrMalformed, o.Payer)
	}
	if o.Payer == "" || len(o.Payer) > maxText {
		return fmt.Errorf("%w: open payer has %d bytes, want 1 to %d", ErrMalformed, len(o.Payer), maxText)
	}
	if err := checkKey("open", o.SessionKey); err != nil {
		return err
	}
	if len(o.Anchor) != hashLen {
		return fmt.Errorf("%w: anchor has %d bytes, want %d", ErrMalformed, len(o.Anchor), hashLen)
	}
	if o.MaxTicks == 0 || o.MaxTicks > MaxTicks {
		return fmt.Errorf("%w: %d ticks, want 1 to %d", ErrMalformed, o.MaxTicks, MaxTicks)
	}
	if high, _ := bits.Mul64(o.MaxTicks, offer.TickUtop); high != 0 {
		return fmt.Errorf("%w: %d ticks of %d utop exceed 2^64", ErrAmount, o.MaxTicks, offer.TickUtop)
	}
	if o.CapUtop == 0 {
		return fmt.Errorf("%w: the session's cap is 0 utop", ErrMalformed)
	}
	return c.check("open", o.SessionKey, o.Signature, o.SignBytes)
}
