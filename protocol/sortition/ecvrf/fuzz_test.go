package ecvrf

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stranger's key, input and proof never panic; nothing but a prover's proof verifies, and only to its output.
func FuzzVerify(f *testing.F) {
	genuine := map[string]string{}
	for _, v := range rfc9381 {
		pk, alpha, pi := unhex(f, v.pk), unhex(f, v.alpha), unhex(f, v.pi)
		f.Add(pk, alpha, pi)
		f.Add(pk, append(alpha, 1), pi)
		f.Add(pk, alpha, pi[:79])
		f.Add(unhex(f, order8), alpha, pi)
		genuine[v.pk+v.alpha] = v.beta
	}
	f.Fuzz(func(t *testing.T, public, alpha, pi []byte) {
		beta, err := Verify(public, alpha, pi)
		if err != nil {
			require.Zero(t, beta)
			return
		}
		want, known := genuine[hex.EncodeToString(public)+hex.EncodeToString(alpha)]
		require.True(t, known, "a proof without its secret key")
		require.Equal(t, want, hex.EncodeToString(beta[:]))
	})
}
