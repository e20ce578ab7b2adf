package ecvrf

import (
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// RFC 9381, appendix B.3, examples 16 to 18: every value they list.
var rfc9381 = []struct{ sk, pk, alpha, x, h, k, u, v, pi, beta string }{
	{
		sk:   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		pk:   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		x:    "307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f",
		h:    "91bbed02a99461df1ad4c6564a5f5d829d0b90cfc7903e7a5797bd658abf3318",
		k:    "7100f3d9eadb6dc4743b029736ff283f5be494128df128df2817106f345b8594b6d6da2d6fb0b4c0257eb337675d96eab49cf39e66cc2c9547c2bf8b2a6afae4",
		u:    "aef27c725be964c6a9bf4c45ca8e35df258c1878b838f37d9975523f09034071",
		v:    "5016572f71466c646c119443455d6cb9b952f07d060ec8286d678615d55f954f",
		pi:   "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
		beta: "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
	},
	{ // the first hash is no point: the counter goes to 1
		sk:    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		pk:    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		alpha: "72",
		x:     "68bd9ed75882d52815a97585caf4790a7f6c6b3b7f821c5e259a24b02e502e51",
		h:     "5b659fc3d4e9263fd9a4ed1d022d75eaacc20df5e09f9ea937502396598dc551",
		k:     "42589bbf0c485c3c91c1621bb4bfe04aed7be76ee48f9b00793b2342acb9c167cab856f9f9d4febc311330c20b0a8afd3743d05433e8be8d32522ecdc16cc5ce",
		u:     "1dcb0a4821a2c48bf53548228b7f170962988f6d12f5439f31987ef41f034ab3",
		v:     "fd03c0bf498c752161bae4719105a074630a2aa5f200ff7b3995f7bfb1513423",
		pi:    "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
		beta:  "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
	},
	{
		sk:    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		pk:    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		alpha: "af82",
		x:     "909a8b755ed902849023a55b15c23d11ba4d7f4ec5c2f51b1325a181991ea95c",
		h:     "bf4339376f5542811de615e3313d2b36f6f53c0acfebb482159711201192576a",
		k:     "38b868c335ccda94a088428cbf3ec8bc7955bfaffe1f3bd2aa2c59fc31a0febc59d0e1af3715773ce11b3bbdd7aba8e3505d4b9de6f7e4a96e67e0d6bb6d6c3a",
		u:     "2bae73e15a64042fcebf062abe7e432b2eca6744f3e8265bc38e009cd577ecd5",
		v:     "88cba1cb0d4f9b649d9a86026b69de076724a93a65c349c988954f0961c5d506",
		pi:    "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
		beta:  "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
	},
}

func TestRFC9381Vectors(t *testing.T) {
	for _, v := range rfc9381 {
		sk, pk, alpha, pi := unhex(t, v.sk), unhex(t, v.pk), unhex(t, v.alpha), unhex(t, v.pi)

		x, prefix, public, err := expand(sk)
		require.NoError(t, err)
		require.Equal(t, v.pk, hex.EncodeToString(public))
		clamped, err := new(edwards25519.Scalar).SetBytesWithClamping(unhex(t, v.x))
		require.NoError(t, err)
		require.Equal(t, 1, x.Equal(clamped))

		h, err := encodeToCurve(pk, alpha)
		require.NoError(t, err)
		require.Equal(t, v.h, hex.EncodeToString(h.Bytes()))
		nonce := sha512.Sum512(append(slices.Clone(prefix), h.Bytes()...))
		require.Equal(t, v.k, hex.EncodeToString(nonce[:]))
		k, err := new(edwards25519.Scalar).SetUniformBytes(nonce[:])
		require.NoError(t, err)
		require.Equal(t, v.u, hex.EncodeToString(new(edwards25519.Point).ScalarBaseMult(k).Bytes()))
		require.Equal(t, v.v, hex.EncodeToString(new(edwards25519.Point).ScalarMult(k, h).Bytes()))
		require.Equal(t, v.pi[64:96], hex.EncodeToString(challenge(pk, h.Bytes(), pi[:32], unhex(t, v.u), unhex(t, v.v))))

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

// Two provers that take different nonces make different proofs of one output.
func TestOutputIsUniqueProofIsNot(t *testing.T) {
	v := rfc9381[0]
	pk := unhex(t, v.pk)
	x, _, _, err := expand(unhex(t, v.sk))
	require.NoError(t, err)
	h, err := encodeToCurve(pk, nil)
	require.NoError(t, err)
	k := challengeScalar([]byte("another nonce 16"))
	gamma := new(edwards25519.Point).ScalarMult(x, h).Bytes()
	c := challenge(pk, h.Bytes(), gamma, new(edwards25519.Point).ScalarBaseMult(k).Bytes(), new(edwards25519.Point).ScalarMult(k, h).Bytes())
	s := new(edwards25519.Scalar).MultiplyAdd(challengeScalar(c), x, k)
	pi := append(append(gamma, c...), s.Bytes()...)
	require.NotEqual(t, v.pi, hex.EncodeToString(pi))
	beta, err := Verify(pk, nil, pi)
	require.NoError(t, err)
	require.Equal(t, v.beta, hex.EncodeToString(beta[:]))
}

// A proof whose Gamma and key have a part of small order is legal where the equations hold; it still has the one output of its key.
func TestTorsionDoesNotChangeTheOutput(t *testing.T) {
	v := rfc9381[0]
	pk := unhex(t, v.pk)
	x, _, _, err := expand(unhex(t, v.sk))
	require.NoError(t, err)
	h, err := encodeToCurve(pk, nil)
	require.NoError(t, err)
	torsion, ok := decodePoint(unhex(t, order8))
	require.True(t, ok)
	gamma := new(edwards25519.Point).ScalarMult(x, h)
	gamma.Add(gamma, torsion)
	// c must be a multiple of 8 for the torsion to vanish: a prover tries nonces until it is.
	for i := range 255 {
		k := challengeScalar([]byte{15: byte(i + 1)})
		c := challenge(pk, h.Bytes(), gamma.Bytes(), new(edwards25519.Point).ScalarBaseMult(k).Bytes(), new(edwards25519.Point).ScalarMult(k, h).Bytes())
		s := new(edwards25519.Scalar).MultiplyAdd(challengeScalar(c), x, k)
		beta, err := Verify(pk, nil, append(append(gamma.Bytes(), c...), s.Bytes()...))
		if c[0]%8 != 0 {
			require.ErrorIs(t, err, ErrProof)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, v.beta, hex.EncodeToString(beta[:]))
		return
	}
	t.Fatal("no nonce gave a challenge that is a multiple of 8")
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
		// Example 19 of RFC 9381: same key and input, suite 0x04 (ELL2).
		"suite ELL2": unhex(t, "7d9c633ffeee27349264cf5c667579fc583b4bda63ab71d001f89c10003ab46f14adf9a3cd8b8412d9038531e865c341cafa73589b023d14311c331a9ad15ff2fb37831e00f0acaa6d73bc9997b06501"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(pk, unhex(t, v.alpha), bad)
			require.ErrorIs(t, err, ErrProof)
		})
	}
}

// A prover that does all as here, under another suite string, proves nothing here.
func TestSuiteIsInEveryHash(t *testing.T) {
	v := rfc9381[0]
	for _, s := range []byte{0x00, 0x01, 0x02, suite, 0x04, 0xff} {
		pi := proveUnder(t, s, unhex(t, v.sk))
		if s == suite {
			require.Equal(t, v.pi, hex.EncodeToString(pi))
			continue
		}
		_, err := Verify(unhex(t, v.pk), nil, pi)
		require.ErrorIs(t, err, ErrProof)
	}
}

// proveUnder proves the empty input with hashes of its own, which carry the given suite string.
func proveUnder(t *testing.T, suite byte, secret []byte) []byte {
	x, prefix, public, err := expand(secret)
	require.NoError(t, err)
	var h *edwards25519.Point
	for ctr := byte(0); h == nil; ctr++ {
		d := sha512.Sum512(slices.Concat([]byte{suite, 0x01}, public, []byte{ctr, 0x00}))
		h, _ = decodePoint(d[:32])
	}
	h.MultByCofactor(h)
	nonce := sha512.Sum512(slices.Concat(prefix, h.Bytes()))
	k, err := new(edwards25519.Scalar).SetUniformBytes(nonce[:])
	require.NoError(t, err)
	mult := func(s *edwards25519.Scalar, p *edwards25519.Point) []byte {
		return new(edwards25519.Point).ScalarMult(s, p).Bytes()
	}
	gamma, base := mult(x, h), edwards25519.NewGeneratorPoint()
	d := sha512.Sum512(slices.Concat([]byte{suite, 0x02}, public, h.Bytes(), gamma, mult(k, base), mult(k, h), []byte{0x00}))
	s := new(edwards25519.Scalar).MultiplyAdd(challengeScalar(d[:16]), x, k)
	return slices.Concat(gamma, d[:16], s.Bytes())
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
