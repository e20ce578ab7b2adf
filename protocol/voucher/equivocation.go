package voucher

import (
	"bytes"
	"fmt"
)

// VerifyEquivocation proves a provider's fault: it countersigned two vouchers of one session that have one number and differ in what they say. Two signatures over
// the same content are none. No rule lets an honest provider do this: it stores a voucher before it countersigns another (docs/adr/006).
func VerifyEquivocation(chainID string, providerKey []byte, first, second *Voucher) error {
	if first == nil || second == nil {
		return fmt.Errorf("%w: two vouchers are needed", ErrMalformed)
	}
	if err := checkKey("provider", providerKey); err != nil {
		return err
	}
	if len(first.SessionId) != 32 {
		return fmt.Errorf("%w: session id of %d bytes, want 32", ErrMalformed, len(first.SessionId))
	}
	if first.ChainId != chainID || second.ChainId != chainID {
		return fmt.Errorf("%w: vouchers for chains %q and %q, not %q", ErrMismatch, first.ChainId, second.ChainId, chainID)
	}
	if !bytes.Equal(first.SessionId, second.SessionId) || first.Number != second.Number {
		return fmt.Errorf("%w: two sessions or two numbers are no equivocation", ErrMismatch)
	}
	if bytes.Equal(first.SignBytes(), second.SignBytes()) {
		return fmt.Errorf("%w: both vouchers say the same", ErrMismatch)
	}
	for _, v := range []*Voucher{first, second} {
		if err := (alone{}).check("provider's voucher", providerKey, v.ProviderSignature, v.ProviderSignBytes); err != nil {
			return err
		}
	}
	return nil
}
