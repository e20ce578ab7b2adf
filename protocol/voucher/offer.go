package voucher

import (
	"crypto/ed25519"
	"fmt"
)

// SignBytes is the canonical encoding that the provider's key signs; it carries the service chain's id. Amounts are in utop.
func (o *Offer) SignBytes() []byte {
	e := newEncoder(domainOffer).str(o.ChainId).str(o.Service).str(o.Provider).bytes(o.ProviderKey).u64(uint64(len(o.Prices)))
	for _, p := range o.Prices {
		e.str(p.GetMeasure()).u64(p.GetUtop())
	}
	return e.u64(o.TickUtop).u64(o.FloatUtop).u64(o.VoucherUtop).u64(o.Epoch).u64(o.Nonce).b
}

// Hash identifies the offer: SHA-256 of its sign bytes.
func (o *Offer) Hash() [32]byte {
	e := encoder{b: o.SignBytes()}
	return e.hash()
}

// Sign sets the signature. key must belong to ProviderKey.
func (o *Offer) Sign(key ed25519.PrivateKey) { o.Signature = ed25519.Sign(key, o.SignBytes()) }

// Verify checks shape and signature. It does not know who a provider is: that Provider is registered with ProviderKey on ChainId is the caller's to check.
func (o *Offer) Verify() error { return o.verify(alone{}) }

func (o *Offer) verify(c checker) error {
	if o == nil {
		return fmt.Errorf("%w: no offer", ErrMalformed)
	}
	for _, f := range []struct{ name, value string }{{"chain_id", o.ChainId}, {"service", o.Service}, {"provider", o.Provider}} {
		if f.value == "" || len(f.value) > maxText {
			return fmt.Errorf("%w: offer %s has %d bytes, want 1 to %d", ErrMalformed, f.name, len(f.value), maxText)
		}
	}
	if err := checkKey("offer", o.ProviderKey); err != nil {
		return err
	}
	if err := checkPrices(o.Prices); err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	if o.TickUtop == 0 || o.FloatUtop < o.TickUtop || o.VoucherUtop == 0 {
		return fmt.Errorf("%w: offer tick %d, float %d, voucher %d: want tick > 0, float >= tick, voucher > 0",
			ErrMalformed, o.TickUtop, o.FloatUtop, o.VoucherUtop)
	}
	return c.check("offer", o.ProviderKey, o.Signature, o.SignBytes)
}
