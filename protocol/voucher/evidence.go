package voucher

import "fmt"

// VerifyEvidence checks everything that makes a voucher payable on a chain for an epoch: offer, open and voucher belong together, all four signatures hold, the
// amount is what prices and usage give and within the cap. Who the provider and the payer are is the caller's to check: the registered key of Offer.Provider, and
// that Open.SessionKey may spend for Open.Payer. Errors wrap ErrMalformed, ErrMismatch, ErrAmount or ErrSignature.
func VerifyEvidence(e *Evidence, chainID string, epoch uint64) error {
	return verifyEvidence(alone{}, e, chainID, epoch)
}

func verifyEvidence(c checker, e *Evidence, chainID string, epoch uint64) error {
	if e == nil || e.Offer == nil || e.Open == nil || e.Voucher == nil {
		return fmt.Errorf("%w: evidence needs offer, open and voucher", ErrMalformed)
	}
	if e.Offer.ChainId != chainID {
		return fmt.Errorf("%w: evidence for chain %q on %q", ErrMismatch, e.Offer.ChainId, chainID)
	}
	if e.Offer.Epoch != epoch {
		return fmt.Errorf("%w: evidence for epoch %d in a claim for %d", ErrMismatch, e.Offer.Epoch, epoch)
	}
	if err := e.Open.verify(c, e.Offer); err != nil {
		return err
	}
	if err := e.Voucher.verifyClient(c, e.Offer, e.Open); err != nil {
		return err
	}
	return e.Voucher.verifyProvider(c, e.Offer)
}

// Hash commits to the evidence with all its signatures; it is what a claim's leaf carries.
func (e *Evidence) Hash() [32]byte {
	enc := newEncoder(domainEvidence)
	offer, open, v := e.GetOffer(), e.GetOpen(), e.GetVoucher()
	if offer == nil {
		offer = &Offer{}
	}
	if open == nil {
		open = &Open{}
	}
	if v == nil {
		v = &Voucher{}
	}
	return enc.bytes(offer.SignBytes()).bytes(offer.Signature).
		bytes(open.SignBytes()).bytes(open.Signature).
		bytes(v.ProviderSignBytes()).bytes(v.ProviderSignature).hash()
}
