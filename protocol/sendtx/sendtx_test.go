package sendtx

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"strings"
	"testing"

	"github.com/cosmos/btcutil/bech32"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
)

var (
	secret = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	key    = must(lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func example() lattice.Transfer {
	return lattice.Transfer{From: AddressOf(key), To: lattice.Address{9}, Key: key, Sequence: 3 << 20, Amount: lattice.Balance{Utop: 12}}
}

func sign(u Unsigned) []byte { return u.Signed(ed25519.Sign(secret, u.SignBytes("top-1"))) }

// What is built is read back, whatever it is.
func TestDecodeWhatWasBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := example()
		want.To = lattice.Address(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "to"))
		want.Sequence, want.Fee, want.Timeout = rapid.Uint64().Draw(t, "sequence"), rapid.Uint64().Draw(t, "fee"), rapid.Uint64().Draw(t, "timeout")
		want.Amount.Utop = rapid.Uint64Min(1).Draw(t, "utop")
		for _, d := range []string{"aaa", "uuu", "zzz"} {
			if rapid.Bool().Draw(t, d) {
				want.Amount.Coins = append(want.Amount.Coins, lattice.Coin{Denom: d, Amount: lattice.Amount{High: rapid.Uint64().Draw(t, "high"), Low: rapid.Uint64Min(1).Draw(t, "low")}})
			}
		}
		memo := rapid.StringN(0, 60, MaxMemo).Draw(t, "memo")
		raw := sign(New(want, memo))
		require.True(t, IsSend(raw))
		tx, err := Decode(raw)
		require.NoError(t, err)
		require.Equal(t, len(raw), tx.Size)
		want.Size, want.Hash, want.Memo = tx.Size, tx.Hash, memo
		require.Equal(t, want, tx.Transfer)
		require.True(t, ed25519.Verify(secret.Public().(ed25519.PublicKey), tx.SignBytes("top-1", 0), tx.Signature[:]))
	})
}

func TestAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := lattice.Amount{High: rapid.Uint64().Draw(t, "high"), Low: rapid.Uint64().Draw(t, "low")}
		n := new(big.Int).SetUint64(a.High)
		n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(a.Low))
		require.Equal(t, n.String(), formatAmount(a))
		if n.Sign() > 0 {
			hi, lo, err := decimal([]byte(n.String()))
			require.NoError(t, err)
			require.Equal(t, a, lattice.Amount{High: hi, Low: lo})
		}
	})
	for _, bad := range []string{"", "0", "01", "-1", "+1", "1.0", "1e3", " 1", "340282366920938463463374607431768211456", strings.Repeat("9", 40)} {
		_, _, err := decimal([]byte(bad))
		require.ErrorIs(t, err, ErrMalformed, bad)
	}
}

func TestWhatIsRefused(t *testing.T) {
	good := New(example(), "")
	signature := make([]byte, SignatureSize)
	other := func(body, authInfo []byte) []byte { return Encode(body, authInfo, signature) }
	swap := func(from, to string) []byte {
		return other(bytes.Replace(good.Body, []byte(from), []byte(to), 1), bytes.Replace(good.AuthInfo, []byte(from), []byte(to), 1))
	}
	for name, test := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":                 {nil, ErrMalformed},
		"rubbish":                 {[]byte("rubbish"), ErrMalformed},
		"too long":                {bytes.Repeat([]byte{1}, MaxSize+1), ErrMalformed},
		"no signature":            {good.Signed(nil), ErrMalformed},
		"two signatures":          {append(good.Signed(signature), appendBytes(nil, 3, signature)...), ErrMalformed},
		"unknown field":           {append(good.Signed(signature), appendNumber(nil, 9, 1)...), ErrMalformed},
		"fields in another order": {append(appendBytes(nil, 2, good.AuthInfo), append(appendBytes(nil, 1, good.Body), appendBytes(nil, 3, signature)...)...), ErrMalformed},
		"a longer length":         {append([]byte{1<<3 | 2, good.Signed(signature)[1], good.Signed(signature)[2] | 0x80, 0}, good.Signed(signature)[3:]...), ErrMalformed},
		"another message":         {swap("MsgSend", "MsgSent"), ErrOther},
		"two messages":            {other(append(good.Body, good.Body...), good.AuthInfo), ErrOther},
		"two signers":             {other(good.Body, append(appendBytes(nil, 1, nil), good.AuthInfo...)), ErrOther},
		"unordered":               {other(append(good.Body, appendNumber(nil, 4, 1)...), good.AuthInfo), ErrOther},
		"an extension":            {other(append(good.Body, appendBytes(nil, 1023, nil)...), good.AuthInfo), ErrMalformed},
		"amino":                   {other(good.Body, bytes.Replace(good.AuthInfo, []byte{0x12, 4, 0x0a, 2, 8, 1}, []byte{0x12, 4, 0x0a, 2, 8, 127}, 1)), ErrOther},
		"another key":             {swap("ed25519", "ed25510"), ErrOther},
		"a granter":               {other(good.Body, bytes.Replace(good.AuthInfo, appendBytes(nil, 2, appendNumber(nil, 2, 200_000)), appendBytes(nil, 2, appendString(nil, 4, "x")), 1)), ErrOther},
		"another's coins":         {swap(Bech32(AddressOf(key)), Bech32(lattice.Address{1})), ErrMalformed},
		"another prefix":          {swap("top1", "tip1"), ErrMalformed},
		"amount of nothing":       {swap("12", "00"), ErrMalformed},
		"no denomination":         {swap("utop", "1top"), ErrMalformed},
		"a fee in others":         {other(good.Body, bytes.Replace(New(lattice.Transfer{Key: key, Fee: 1}, "").AuthInfo, []byte("utop"), []byte("atop"), 1)), ErrOther},
		"a long memo":             {New(example(), strings.Repeat("m", MaxMemo+1)).Signed(signature), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(test.raw)
			require.ErrorIs(t, err, test.want)
		})
	}
	_, err := Decode(good.Signed(signature))
	require.NoError(t, err)
}

// CosmJS writes a fee of 0utop where none is offered.
func TestZeroFee(t *testing.T) {
	u := New(example(), "")
	u.AuthInfo = bytes.Replace(u.AuthInfo, appendBytes(nil, 2, appendNumber(nil, 2, 200_000)), appendBytes(nil, 2, appendNumber(appendBytes(nil, 1, zeroFee), 2, 200_000)), 1)
	tx, err := Decode(sign(u))
	require.NoError(t, err)
	require.Zero(t, tx.Fee)
}

// Addresses are those that btcutil writes and reads.
func TestAddresses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := lattice.Address(rapid.SliceOfN(rapid.Byte(), lattice.AddressSize, lattice.AddressSize).Draw(t, "address"))
		five, err := bech32.ConvertBits(a[:], 8, 5, true)
		require.NoError(t, err)
		want, err := bech32.Encode(Prefix, five)
		require.NoError(t, err)
		require.Equal(t, want, Bech32(a))
		got, err := Address(want)
		require.NoError(t, err)
		require.Equal(t, a, got)
		wrong := []byte(want)
		wrong[rapid.IntRange(len(Prefix)+1, len(wrong)-1).Draw(t, "place")] = rapid.SampledFrom([]byte(charset)).Draw(t, "character")
		if _, err := Address(string(wrong)); string(wrong) != want {
			require.ErrorIs(t, err, ErrMalformed)
		}
	})
	a := AddressOf(key)
	for _, bad := range []string{"", "top1", Bech32(a) + "q", "cosmos1" + Bech32(a)[4:], strings.Replace(Bech32(a), "1", "2", 1), strings.ToUpper(Bech32(a)), "top1" + strings.Repeat("b", 38)} {
		_, err := Address(bad)
		require.ErrorIs(t, err, ErrMalformed, bad)
	}
}

// FuzzDecode: whatever is read is written back to the same bytes, and is what it says.
func FuzzDecode(f *testing.F) {
	f.Add(sign(New(example(), "")))
	with := example()
	with.Amount.Coins, with.Fee, with.Timeout = []lattice.Coin{{Denom: "aaa", Amount: lattice.Amount{High: 1}}}, 5, 6
	f.Add(sign(New(with, "memo")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := Decode(raw)
		if err != nil {
			return
		}
		if !IsSend(raw) || tx.From != AddressOf(tx.Key) || tx.Amount.IsZero() || tx.Amount.Check() != nil || len(tx.Memo) > MaxMemo {
			t.Fatalf("%+v", tx)
		}
		if !bytes.Equal(raw, Encode(tx.body, tx.authInfo, tx.Signature[:])) {
			t.Fatal("another encoding")
		}
		again, err := Decode(Encode(New(tx.Transfer, tx.Memo).Body, New(tx.Transfer, tx.Memo).AuthInfo, tx.Signature[:]))
		if err != nil || again.To != tx.To || again.Sequence != tx.Sequence || again.Amount.Utop != tx.Amount.Utop {
			t.Fatalf("%v: %+v, %+v", err, again, tx)
		}
	})
}
