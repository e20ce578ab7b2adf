package intake

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/crypto/secp256k1"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// signed transfer of an account of a kind.
func signedBy(t *testing.T, kind lattice.KeyKind, n int, chain string) []byte {
	t.Helper()
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("intake"), uint64(n)))
	if kind == lattice.Ed25519 {
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(kind, secret.Public().(ed25519.PublicKey))
		require.NoError(t, err)
		u := sendtx.New(lattice.Transfer{Key: key, Sequence: uint64(n), Amount: lattice.Balance{Utop: 1}}, "")
		return u.Signed(ed25519.Sign(secret, u.SignBytes(chain)))
	}
	x, y := secp256k1.S256().ScalarBaseMult(seed[:])
	key, err := lattice.NewKey(kind, secp256k1.CompressPubkey(x, y))
	require.NoError(t, err)
	u := sendtx.New(lattice.Transfer{Key: key, Sequence: uint64(n), Amount: lattice.Balance{Utop: 1}}, "")
	hash := sha256.Sum256(u.SignBytes(chain))
	signature, err := secp256k1.Sign(hash[:], seed[:])
	require.NoError(t, err)
	return u.Signed(signature[:sendtx.SignatureSize])
}

// A wrong signature in a batch is found, whatever stands beside it and whatever is remembered.
func TestWrongSignaturesInBatches(t *testing.T) {
	in := New("top-1", 100)
	for round := range 3 {
		var raws [][]byte
		wrong := map[int]bool{}
		for i := range 3 * piece / 2 {
			kind, chain := lattice.Ed25519, "top-1"
			if i%5 == 0 {
				kind = lattice.Secp256k1
			}
			if i%37 == round || i%7 == 6 {
				wrong[i], chain = true, "top-2"
			}
			raws = append(raws, signedBy(t, kind, i, chain))
		}
		txs, errs := in.Read(raws)
		for i := range raws {
			if wrong[i] {
				require.ErrorIs(t, errs[i], ErrSignature, i)
			} else {
				require.NoError(t, errs[i], i)
				require.Equal(t, sendtx.Hash(raws[i]), txs[i].Hash)
			}
		}
		require.Equal(t, errs, in.Verify(decoded(t, raws)))
	}
}

func decoded(t *testing.T, raws [][]byte) (txs []*sendtx.Tx) {
	t.Helper()
	for _, raw := range raws {
		tx, err := sendtx.Decode(raw)
		require.NoError(t, err)
		txs = append(txs, &tx)
	}
	return txs
}

// What was good for one network is not remembered as good for another.
func TestNetworkChanges(t *testing.T) {
	in := New("top-1", 100)
	raws := [][]byte{signedBy(t, lattice.Ed25519, 1, "top-1"), []byte("rubbish")}
	_, errs := in.Read(raws)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], sendtx.ErrMalformed)
	in.Serve("top-2", 0)
	_, errs = in.Read(raws)
	require.ErrorIs(t, errs[0], ErrSignature)
}

// Memory is bounded: the oldest are forgotten, and verified again when they come again.
func TestKnownIsBounded(t *testing.T) {
	k := newKnown(10)
	for i := range 100 {
		k.add(&sendtx.Tx{Transfer: lattice.Transfer{Hash: lattice.Hash{byte(i)}}})
		require.LessOrEqual(t, len(k.young)+len(k.old), 10)
	}
	require.NotNil(t, k.get(lattice.Hash{99}))
	require.Nil(t, k.get(lattice.Hash{1}))
}

// A signature of secp256k1 has a twin with the other S: it is refused, or anyone could give a transaction another hash.
func TestHighSIsRefused(t *testing.T) {
	raw := signedBy(t, lattice.Secp256k1, 5, "top-1")
	twin := append([]byte{}, raw...)
	s := twin[len(twin)-32:]
	order := secp256k1.S256().Params().N
	n := new(big.Int).Sub(order, new(big.Int).SetBytes(s))
	n.FillBytes(s)
	in := New("top-1", 10)
	_, errs := in.Read([][]byte{raw, twin})
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], ErrSignature)
}
