package lattice

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/quota"
)

func anyRecord(t *rapid.T, a Address) Record {
	r := Record{Address: a, Sequence: rapid.Uint64().Draw(t, "sequence"), Balance: Balance{Utop: rapid.Uint64().Draw(t, "utop")}, Mana: quota.Mana{Left: rapid.Uint64().Draw(t, "mana"), Time: rapid.Int64().Draw(t, "time")}}
	kind := rapid.SampledFrom([]KeyKind{NoKey, Secp256k1, Ed25519}).Draw(t, "kind")
	var err error
	if r.Key, err = NewKey(kind, rapid.SliceOfN(rapid.Byte(), kind.size(), kind.size()).Draw(t, "key")); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "used") {
		r.Units, r.Height, r.Head = rapid.Uint64Min(1).Draw(t, "units"), rapid.Uint64Min(1).Draw(t, "height"), Hash{1, rapid.Byte().Draw(t, "head")}
	}
	denoms := rapid.SliceOfNDistinct(rapid.StringN(1, 20, MaxDenom), 0, 3, rapid.ID[string]).Draw(t, "denoms")
	slices.Sort(denoms)
	for _, d := range denoms {
		r.Coins = append(r.Coins, Coin{d, Amount{rapid.Uint64().Draw(t, "high"), rapid.Uint64Min(1).Draw(t, "low")}})
	}
	return r
}

// Records have one encoding.
func TestRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t, address(1))
		body := r.AppendBody(nil)
		require.LessOrEqual(t, len(body), MaxBody)
		got, err := DecodeBody(r.Address, body)
		require.NoError(t, err)
		require.Equal(t, r, got)
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		_, err = DecodeBody(r.Address, body[:cut])
		require.ErrorIs(t, err, ErrMalformed)
	})
}
