package voucher_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

// Attack 43: two vouchers with one number are proof against the provider who countersigned both; nothing less is.
func TestEquivocation(t *testing.T) {
	two := func(change func(second *session)) (first, second *voucher.Voucher) {
		a, b := newSession(), newSession()
		change(b)
		return a.voucher, b.voucher
	}
	raise := func(s *session) { s.voucher.AmountUtop++; s.countersign() }
	key := newSession().offer.ProviderKey
	first, second := two(raise)
	require.NoError(t, voucher.VerifyEquivocation(chainID, key, first, second))
	require.ErrorIs(t, voucher.VerifyEquivocation("top-msg-2", key, first, second), voucher.ErrMismatch)
	require.ErrorIs(t, voucher.VerifyEquivocation(chainID, public(testKey("another")), first, second), voucher.ErrSignature)
	require.ErrorIs(t, voucher.VerifyEquivocation(chainID, key, first, nil), voucher.ErrMalformed)
	for name, c := range map[string]struct {
		change func(*session)
		want   error
	}{
		"the same voucher":           {func(*session) {}, voucher.ErrMismatch},
		"the next number":            {func(s *session) { s.voucher.Number++; raise(s) }, voucher.ErrMismatch},
		"another session":            {func(s *session) { s.voucher.SessionId = make([]byte, 32); raise(s) }, voucher.ErrMismatch},
		"not signed by the provider": {func(s *session) { raise(s); s.voucher.ProviderSignature[3] ^= 1 }, voucher.ErrSignature},
		"another client signature":   {func(s *session) { s.voucher.ClientSignature[3] ^= 1; s.voucher.SignProvider(s.provider) }, voucher.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := two(c.change)
			require.ErrorIs(t, voucher.VerifyEquivocation(chainID, key, first, second), c.want)
		})
	}
}
