// Package voucher holds the rules of a paid session: offer, open, ticks, vouchers. README.md is the specification.
package voucher

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
)

func (v *Voucher) encode(domain string) *encoder {
	e := newEncoder(domain).str(v.ChainId).bytes(v.SessionId).u64(v.Number).u64(v.Epoch).u64(uint64(len(v.Usage)))
	for _, u := range v.Usage {
		e.str(u.GetMeasure()).u64(u.GetQuantity())
	}
	q := v.Quality
	if q == nil {
		q = &Quality{}
	}
	return e.u64(v.AmountUtop).u64(uint64(q.Samples)).u64(uint64(q.RttP50Us)).u64(uint64(q.RttP95Us)).u64(uint64(q.Failures))
}

// SignBytes is what the client signs.
func (v *Voucher) SignBytes() []byte { return v.encode(domainVoucherClient).b }

// ProviderSignBytes is what the provider countersigns: the same content and the client's signature.
func (v *Voucher) ProviderSignBytes() []byte {
	return v.encode(domainVoucherProvider).bytes(v.ClientSignature).b
}

// SignClient sets the client's signature. key is the session key.
func (v *Voucher) SignClient(key ed25519.PrivateKey) {
	v.ClientSignature = ed25519.Sign(key, v.SignBytes())
}

// SignProvider sets the provider's countersignature.
func (v *Voucher) SignProvider(key ed25519.PrivateKey) {
	v.ProviderSignature = ed25519.Sign(key, v.ProviderSignBytes())
}

// VerifyClient checks that the voucher belongs to the session, bills exactly its usage within the cap, and is signed by the session key.
// The caller has verified open against offer (Open.Verify), whose signatures are not checked again here.
func (v *Voucher) VerifyClient(offer *Offer, open *Open) error {
	return v.verifyClient(alone{}, offer, open)
}

func (v *Voucher) verifyClient(c checker, offer *Offer, open *Open) error {
	if v == nil || offer == nil || open == nil {
		return fmt.Errorf("%w: no voucher, offer or open", ErrMalformed)
	}
	if h := offer.Hash(); !bytes.Equal(open.OfferHash, h[:]) {
		return fmt.Errorf("%w: the open accepts offer %x, not %x", ErrMismatch, open.OfferHash, h)
	}
	if v.ChainId != offer.ChainId {
		return fmt.Errorf("%w: voucher for chain %q, offer for %q", ErrMismatch, v.ChainId, offer.ChainId)
	}
	if id := open.SessionID(); !bytes.Equal(v.SessionId, id[:]) {
		return fmt.Errorf("%w: voucher for session %x, open is %x", ErrMismatch, v.SessionId, id)
	}
	if v.Epoch != offer.Epoch {
		return fmt.Errorf("%w: voucher for epoch %d, offer for %d", ErrMismatch, v.Epoch, offer.Epoch)
	}
	if v.Number == 0 {
		return fmt.Errorf("%w: vouchers are numbered from 1", ErrMalformed)
	}
	cost, err := Cost(offer.Prices, v.Usage)
	if err != nil {
		return err
	}
	if cost != v.AmountUtop {
		return fmt.Errorf("%w: voucher says %d utop, its usage costs %d", ErrAmount, v.AmountUtop, cost)
	}
	if v.AmountUtop > open.CapUtop {
		return fmt.Errorf("%w: voucher over %d utop, the session's cap is %d", ErrAmount, v.AmountUtop, open.CapUtop)
	}
	return c.check("client's voucher", open.SessionKey, v.ClientSignature, v.SignBytes)
}

// VerifyProvider checks the provider's countersignature, which covers the client's. The caller has called VerifyClient.
func (v *Voucher) VerifyProvider(offer *Offer) error { return v.verifyProvider(alone{}, offer) }

func (v *Voucher) verifyProvider(c checker, offer *Offer) error {
	if v == nil || offer == nil {
		return fmt.Errorf("%w: no voucher or offer", ErrMalformed)
	}
	if len(v.ClientSignature) != ed25519.SignatureSize {
		return fmt.Errorf("%w: client's voucher signature has %d bytes, want %d", ErrSignature, len(v.ClientSignature), ed25519.SignatureSize)
	}
	return c.check("provider's voucher", offer.ProviderKey, v.ProviderSignature, v.ProviderSignBytes)
}

// CheckSuccessor refuses a voucher that does not follow prev: same chain, session and epoch, a higher number, no usage or amount lower. prev may be nil: the first
// voucher follows nothing. Numbers may skip, because a voucher that only one side has signed is never seen by anyone else.
func CheckSuccessor(prev, next *Voucher) error {
	if next == nil {
		return fmt.Errorf("%w: no voucher", ErrMalformed)
	}
	if err := checkUsage(next.Usage); err != nil {
		return err
	}
	if next.Number == 0 {
		return fmt.Errorf("%w: vouchers are numbered from 1", ErrMalformed)
	}
	if prev == nil {
		return nil
	}
	if prev.ChainId != next.ChainId || prev.Epoch != next.Epoch || !bytes.Equal(prev.SessionId, next.SessionId) {
		return fmt.Errorf("%w: vouchers of two sessions", ErrMismatch)
	}
	if next.Number <= prev.Number {
		return fmt.Errorf("%w: voucher %d after %d", ErrRegression, next.Number, prev.Number)
	}
	if next.AmountUtop < prev.AmountUtop {
		return fmt.Errorf("%w: amount %d utop after %d", ErrRegression, next.AmountUtop, prev.AmountUtop)
	}
	i := 0
	for _, p := range prev.Usage {
		for i < len(next.Usage) && next.Usage[i].Measure < p.GetMeasure() {
			i++
		}
		if i == len(next.Usage) || next.Usage[i].Measure != p.GetMeasure() || next.Usage[i].Quantity < p.GetQuantity() {
			return fmt.Errorf("%w: usage of %q falls", ErrRegression, p.GetMeasure())
		}
	}
	return nil
}
