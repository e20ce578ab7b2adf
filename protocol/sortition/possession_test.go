package sortition

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

func secret(i int) []byte {
	return bytes.Repeat([]byte{byte(i + 1), byte(i >> 8)}, ecvrf.SecretKeySize/2)
}

func public(t testing.TB, i int) []byte {
	key, err := ecvrf.PublicKey(secret(i))
	require.NoError(t, err)
	return key
}

func prove(t testing.TB, i int, alpha Seed) []byte {
	pi, err := ecvrf.Prove(secret(i), alpha[:])
	require.NoError(t, err)
	return pi
}

func TestPossession(t *testing.T) {
	const chain, operator = "top-main-1", "top1operator"
	proof, err := ProvePossession(chain, operator, secret(1))
	require.NoError(t, err)
	require.NoError(t, VerifyPossession(chain, operator, public(t, 1), proof))

	require.ErrorIs(t, VerifyPossession("top-main-2", operator, public(t, 1), proof), ecvrf.ErrProof)
	require.ErrorIs(t, VerifyPossession(chain, "top1other", public(t, 1), proof), ecvrf.ErrProof)
	require.ErrorIs(t, VerifyPossession(chain+operator[:1], operator[1:], public(t, 1), proof), ecvrf.ErrProof)
	require.ErrorIs(t, VerifyPossession(chain, operator, public(t, 2), proof), ecvrf.ErrProof)
	require.ErrorIs(t, VerifyPossession(chain, operator, make([]byte, 32), proof), ecvrf.ErrKey)
	require.ErrorIs(t, VerifyPossession(chain, operator, public(t, 1), nil), ecvrf.ErrProof)
	_, err = ProvePossession(chain, operator, nil)
	require.ErrorIs(t, err, ecvrf.ErrKey)
}

// What a key proves for one purpose is no proof for another, and no signature.
func TestProofsServeOnePurpose(t *testing.T) {
	const chain = "top-main-1"
	seed := Seed{5}
	alphas := map[string]Seed{
		"possession": possessionAlpha(chain, chain, public(t, 1)),
		"epoch 7":    Alpha(chain, 7, seed),
		"epoch 8":    Alpha(chain, 8, seed),
		"chain":      Alpha("top-main-2", 7, seed),
		"seed":       Alpha(chain, 7, Seed{6}),
		"seal 1":     NewChain(chain, 7, seed).Alpha(),
		"seal 2":     NewChain(chain, 7, seed).Absent().Alpha(),
	}
	for made, a := range alphas {
		proof := prove(t, 1, a)
		require.False(t, ed25519.Verify(public(t, 1), a[:], proof[:ed25519.SignatureSize]))
		for used, b := range alphas {
			_, err := ecvrf.Verify(public(t, 1), b[:], proof)
			if made == used {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ecvrf.ErrProof, "%s serves as %s", made, used)
			}
		}
	}
}
