package sortition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever stands in place of a published proof or seal: no panic, and the record either fails or is the genuine one. Nobody moves the seed but by absence.
func FuzzRecord(f *testing.F) {
	genuine := record(f, 3, []int{0, 1})
	want, err := genuine.Next()
	require.NoError(f, err)
	absent, err := record(f, 3, []int{0, 1}, 1).Next()
	require.NoError(f, err)
	f.Add(genuine.Proofs[1].Key, genuine.Proofs[1].Proof, genuine.Seals[1].Proof)
	f.Add(genuine.Proofs[1].Key, genuine.Proofs[1].Proof, []byte{})
	f.Add(genuine.Proofs[0].Key, genuine.Proofs[0].Proof, genuine.Seals[0].Proof)
	f.Add([]byte{}, []byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, key, proof, seal []byte) {
		r := genuine
		r.Proofs = slices.Clone(r.Proofs)
		r.Proofs[1] = KeyProof{Key: key, Proof: proof}
		r.Seals = slices.Clone(r.Seals)
		r.Seals[1].Proof = seal
		seed, err := r.Next()
		if err != nil {
			require.Zero(t, seed)
			return
		}
		if len(seal) == 0 {
			require.Equal(t, absent, seed)
		} else {
			require.Equal(t, want, seed)
		}
	})
}

// A stranger's registration never panics, and only the holder's proof is taken.
func FuzzPossession(f *testing.F) {
	const chain = "top-main-1"
	proof, err := ProvePossession(chain, name(1), secret(1))
	require.NoError(f, err)
	f.Add(name(1), public(f, 1), proof)
	f.Add(name(2), public(f, 1), proof)
	f.Add("", []byte{}, []byte{})
	key := public(f, 1)
	f.Fuzz(func(t *testing.T, operator string, public, p []byte) {
		if VerifyPossession(chain, operator, public, p) == nil {
			require.Equal(t, name(1), operator)
			require.Equal(t, key, public)
		}
	})
}
