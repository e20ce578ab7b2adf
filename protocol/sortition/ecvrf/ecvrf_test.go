package ecvrf

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/ecvrf"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// RFC 9381, appendix B.4, examples 19 to 21.
var rfc9381 = []struct{ sk, pk, alpha, pi, beta string }{
	{
		sk:   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		pk:   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		pi:   "7d9c633ffeee27349264cf5c667579fc583b4bda63ab71d001f89c10003ab46f14adf9a3cd8b8412d9038531e865c341cafa73589b023d14311c331a9ad15ff2fb37831e00f0acaa6d73bc9997b06501",
		beta: "9d574bf9b8302ec0fc1e21c3ec5368269527b87b462ce36dab2d14ccf80c53cccf6758f058c5b1c856b116388152bbe509ee3b9ecfe63d93c3b4346c1fbc6c54",
	},
	{
		sk:    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		pk:    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		alpha: "72",
		pi:    "47b327393ff2dd81336f8a2ef10339112401253b3c714eeda879f12c509072ef055b48372bb82efbdce8e10c8cb9a2f9d60e93908f93df1623ad78a86a028d6bc064dbfc75a6a57379ef855dc6733801",
		beta:  "38561d6b77b71d30eb97a062168ae12b667ce5c28caccdf76bc88e093e4635987cd96814ce55b4689b3dd2947f80e59aac7b7675f8083865b46c89b2ce9cc735",
	},
	{
		sk:    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		pk:    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		alpha: "af82",
		pi:    "926e895d308f5e328e7aa159c06eddbe56d06846abf5d98c2512235eaa57fdce35b46edfc655bc828d44ad09d1150f31374e7ef73027e14760d42e77341fe05467bb286cc2c9d7fde29120a0b2320d04",
		beta:  "121b7f9b9aaaa29099fc04a94ba52784d44eac976dd1a3cca458733be5cd090a7b5fbd148444f17f8daf1fb55cb04b1ae85a626e30a54b4b0f8abf4a43314a58",
	},
}

func TestRFC9381Vectors(t *testing.T) {
	for _, v := range rfc9381 {
		sk, pk, alpha, pi := unhex(t, v.sk), unhex(t, v.pk), unhex(t, v.alpha), unhex(t, v.pi)
		public, err := PublicKey(sk)
		require.NoError(t, err)
		require.Equal(t, pk, public)
		got, err := Prove(sk, alpha)
		require.NoError(t, err)
		require.Equal(t, v.pi, hex.EncodeToString(got))
		beta, err := Verify(pk, alpha, pi)
		require.NoError(t, err)
		require.Equal(t, v.beta, hex.EncodeToString(beta[:]))
	}
}

// Any secret proves, and any change of key, input or a single bit of the proof is refused.
func TestProofsBelongToKeyAndInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sk := rapid.SliceOfN(rapid.Byte(), SecretKeySize, SecretKeySize).Draw(t, "secret")
		alpha := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "alpha")
		pk, err := PublicKey(sk)
		require.NoError(t, err)
		require.NoError(t, CheckKey(pk))
		pi, err := Prove(sk, alpha)
		require.NoError(t, err)
		beta, err := Verify(pk, alpha, pi)
		require.NoError(t, err)
		again, err := Verify(pk, alpha, pi)
		require.NoError(t, err)
		require.Equal(t, beta, again)

		_, err = Verify(pk, append(slices.Clone(alpha), 0), pi)
		require.ErrorIs(t, err, ErrProof)
		bad := slices.Clone(pi)
		bit := rapid.IntRange(0, 8*ProofSize-1).Draw(t, "bit")
		bad[bit/8] ^= 1 << (bit % 8)
		_, err = Verify(pk, alpha, bad)
		require.ErrorIs(t, err, ErrProof)
		other, err := PublicKey(append([]byte{^sk[0]}, sk[1:]...))
		require.NoError(t, err)
		_, err = Verify(other, alpha, pi)
		require.ErrorIs(t, err, ErrProof)
	})
}

// A prover that takes another nonce makes another proof of the same output.
func TestOutputIsUniqueProofIsNot(t *testing.T) {
	v := rfc9381[0]
	pi, err := ecvrf.ProveWithAddedRandomness(bytes.NewReader(make([]byte, 32)), ed25519.NewKeyFromSeed(unhex(t, v.sk)), nil)
	require.NoError(t, err)
	require.NotEqual(t, v.pi, hex.EncodeToString(pi))
	beta, err := Verify(unhex(t, v.pk), nil, pi)
	require.NoError(t, err)
	require.Equal(t, v.beta, hex.EncodeToString(beta[:]))
}

const order8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"

func TestKeysThatAreRefused(t *testing.T) {
	for name, key := range map[string]string{
		"empty":                     "",
		"short":                     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",
		"long":                      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a00",
		"no point":                  "0200000000000000000000000000000000000000000000000000000000000000",
		"identity":                  "0100000000000000000000000000000000000000000000000000000000000000",
		"identity, x is minus zero": "0100000000000000000000000000000000000000000000000000000000000080",
		"identity as p + 1":         "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 2":                   "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 2, x is minus zero":  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"order 4":                   "0000000000000000000000000000000000000000000000000000000000000000",
		"order 4, other sign":       "0000000000000000000000000000000000000000000000000000000000000080",
		"order 4 as p":              "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 8":                   order8,
		"order 8, other sign":       "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"order 8, other y":          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"order 8, other y and sign": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"y = 3 as p + 3":            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, CheckKey(unhex(t, key)), ErrKey)
			_, err := Verify(unhex(t, key), nil, unhex(t, rfc9381[0].pi))
			require.ErrorIs(t, err, ErrKey)
		})
	}
	// y = 3 itself is a point of large order: what is refused above is its second writing.
	require.NoError(t, CheckKey(unhex(t, "0300000000000000000000000000000000000000000000000000000000000000")))
}

func TestProofsThatAreRefused(t *testing.T) {
	v := rfc9381[0]
	pk, pi := unhex(t, v.pk), unhex(t, v.pi)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	sPlusOrder := slices.Clone(pi)
	little := slices.Clone(pi[48:])
	slices.Reverse(little)
	sum := new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	copy(sPlusOrder[48:], sum)

	with := func(gamma string) []byte { return append(unhex(t, gamma), pi[32:]...) }
	for name, bad := range map[string][]byte{
		"empty":                          nil,
		"short":                          pi[:ProofSize-1],
		"long":                           append(slices.Clone(pi), 0),
		"s + order":                      sPlusOrder,
		"Gamma is no point":              with("0200000000000000000000000000000000000000000000000000000000000000"),
		"Gamma is y = 3 written as p+3":  with("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
		"Gamma is identity, minus zero":  with("0100000000000000000000000000000000000000000000000000000000000080"),
		"Gamma is the identity":          with("0100000000000000000000000000000000000000000000000000000000000000"),
		"Gamma of another proof":         with(rfc9381[1].pi[:64]),
		"proof of another key and input": unhex(t, rfc9381[1].pi),
		// Example 16 of RFC 9381: same key and input, suite 0x03 (TAI).
		"suite TAI": unhex(t, "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805"),
		// Before draft 11 the key was not part of the challenge.
		"semantics of draft 10": ecvrf.Prove_v10(ed25519.NewKeyFromSeed(unhex(t, v.sk)), nil),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(pk, unhex(t, v.alpha), bad)
			require.ErrorIs(t, err, ErrProof)
		})
	}
}

func TestSecretsOfWrongSize(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		_, err := PublicKey(make([]byte, n))
		require.ErrorIs(t, err, ErrKey)
		_, err = Prove(make([]byte, n), nil)
		require.ErrorIs(t, err, ErrKey)
	}
}

func BenchmarkProve(b *testing.B) {
	sk := make([]byte, SecretKeySize)
	for b.Loop() {
		if _, err := Prove(sk, []byte("alpha")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	sk := make([]byte, SecretKeySize)
	pk, err := PublicKey(sk)
	require.NoError(b, err)
	pi, err := Prove(sk, []byte("alpha"))
	require.NoError(b, err)
	for b.Loop() {
		if _, err := Verify(pk, []byte("alpha"), pi); err != nil {
			b.Fatal(err)
		}
	}
}
