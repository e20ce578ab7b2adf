package receipt

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	here, there = "top-z0.s0-1", "top-z0.s1-1"
	testMemo    = "invoice 7"
)

func utop(n uint64) lattice.Balance { return lattice.Balance{Utop: n} }

func coins(denom string, low uint64) lattice.Balance {
	return lattice.Balance{Coins: []lattice.Coin{{Denom: denom, Amount: lattice.Amount{Low: low}}}}
}

// example of a batch with everything that one can have.
func example() Batch {
	return Batch{Source: here, Destination: there, Height: 9, Previous: Cursor{Height: 7, Hash: lattice.Hash{1, 2, 3}}, Receipts: []Receipt{
		{From: lattice.Address{1}, To: lattice.Address{2}, Transaction: lattice.Hash{3}, Amount: utop(250_000), Memo: testMemo},
		{From: lattice.Address{4}, To: lattice.Address{5}, Transaction: lattice.Hash{6}, Amount: lattice.Balance{Utop: 1, Coins: []lattice.Coin{{Denom: "uvtop", Amount: lattice.Amount{High: 1, Low: 2}}}}, Return: true},
	}}
}

func drawBatch(t *rapid.T) Batch {
	hash := func(name string) (h lattice.Hash) {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), lattice.HashSize, lattice.HashSize).Draw(t, name))
		return h
	}
	b := Batch{Source: here, Destination: there, Height: rapid.Uint64Range(2, 1<<63).Draw(t, "height")}
	if rapid.Bool().Draw(t, "follows") {
		b.Previous = Cursor{Height: rapid.Uint64Range(1, b.Height-1).Draw(t, "previous"), Hash: hash("hash")}
		b.Previous.Hash[0] = 1
	}
	for range rapid.IntRange(1, 5).Draw(t, "receipts") {
		r := Receipt{Transaction: hash("transaction"), Amount: utop(rapid.Uint64Min(1).Draw(t, "utop")), Return: rapid.Bool().Draw(t, "return")}
		copy(r.From[:], rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "from"))
		copy(r.To[:], rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "to"))
		if !r.Return {
			r.Memo = rapid.StringN(0, -1, MaxMemo).Draw(t, "memo")
		}
		for _, denom := range []string{"aaa", "bbb"} {
			if n := rapid.Uint64Range(0, 3).Draw(t, denom); n > 0 {
				r.Amount.Coins = append(r.Amount.Coins, lattice.Coin{Denom: denom, Amount: lattice.Amount{High: n}})
			}
		}
		b.Receipts = append(b.Receipts, r)
	}
	return b
}

// A batch comes back from its one encoding, whose length is what Size says.
func TestEncodingIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		encoded := b.Encode()
		got, err := Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, b, got)
		require.Equal(t, Cursor{b.Height, Hash(encoded)}, b.Cursor())
		size := 1 + len(here) + 1 + len(there) + 8 + 8 + lattice.HashSize + 4
		for i := range b.Receipts {
			size += Size(&b.Receipts[i])
		}
		require.Len(t, encoded, size)
		require.LessOrEqual(t, size, frame+len(encoded))
	})
}

func TestBatchesThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Batch){
		"to itself":                   func(b *Batch) { b.Destination = b.Source },
		"of nobody":                   func(b *Batch) { b.Source = "" },
		"a name that is too long":     func(b *Batch) { b.Source = strings.Repeat("s", MaxName+1) },
		"a name that cuts keys":       func(b *Batch) { b.Source = "top\x00" },
		"a name of two ledgers":       func(b *Batch) { b.Source = "a>b" },
		"no height":                   func(b *Batch) { b.Height, b.Previous = 0, Cursor{} },
		"before the one before":       func(b *Batch) { b.Height = b.Previous.Height },
		"after nothing with a hash":   func(b *Batch) { b.Previous.Height = 0 },
		"after something without":     func(b *Batch) { b.Previous.Hash = lattice.Hash{} },
		"no receipts":                 func(b *Batch) { b.Receipts = nil },
		"too many":                    func(b *Batch) { b.Receipts = make([]Receipt, MaxReceipts+1) },
		"nothing":                     func(b *Batch) { b.Receipts[0].Amount = lattice.Balance{} },
		"a coin of zero":              func(b *Batch) { b.Receipts[0].Amount = coins("uvtop", 0) },
		"utop as another coin":        func(b *Batch) { b.Receipts[0].Amount = coins(sendtx.Utop, 5) },
		"a denomination that is none": func(b *Batch) { b.Receipts[0].Amount = coins("!!", 5) },
		"a memo that is too long":     func(b *Batch) { b.Receipts[0].Memo = strings.Repeat("m", MaxMemo+1) },
		"a return with a memo":        func(b *Batch) { b.Receipts[1].Memo = "m" },
		"unsorted coins": func(b *Batch) {
			b.Receipts[0].Amount.Coins = []lattice.Coin{{Denom: "bbb", Amount: lattice.Amount{Low: 1}}, {Denom: "aaa", Amount: lattice.Amount{Low: 1}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := example()
			require.NoError(t, b.Check())
			change(&b)
			require.ErrorIs(t, b.Check(), ErrMalformed)
			_, err := Decode(b.Encode())
			require.Error(t, err)
		})
	}
	whole := example().encoded()
	for n := range whole {
		_, err := Decode(whole[:n])
		require.ErrorIs(t, err, ErrMalformed, "cut at %d", n)
	}
	_, err := Decode(append(whole, 0))
	require.ErrorIs(t, err, ErrMalformed)
	_, err = Decode(make([]byte, MaxBytes+1))
	require.ErrorIs(t, err, ErrMalformed)
}

func (b Batch) encoded() []byte { return b.Encode() }

// vector of testdata/vectors.json, for whoever writes another implementation.
type vector struct {
	Name, Encoded, Hash string
}

func TestVectors(t *testing.T) {
	first := example()
	first.Previous, first.Receipts = Cursor{}, first.Receipts[:1]
	want := []vector{}
	for name, b := range map[string]Batch{"a first batch": first, "a batch with a return": example()} {
		encoded := b.Encode()
		hash := Hash(encoded)
		want = append(want, vector{name, hex.EncodeToString(encoded), hex.EncodeToString(hash[:])})
	}
	bz, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var have []vector
	require.NoError(t, json.Unmarshal(bz, &have))
	require.ElementsMatch(t, want, have)
}

// Whatever bytes claim to be a batch: they are refused, or the one encoding of what they say.
func FuzzDecode(f *testing.F) {
	f.Add(example().encoded())
	f.Fuzz(func(t *testing.T, in []byte) {
		b, err := Decode(in)
		if err != nil {
			return
		}
		require.Equal(t, in, b.Encode())
		require.NoError(t, b.Check())
	})
}
