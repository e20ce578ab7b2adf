package receipt

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
)

func TestCursorTakes(t *testing.T) {
	var out Outbox
	one := out.Send(here, there, 3, example().Receipts)
	two := out.Send(here, there, 8, example().Receipts)
	fork := one
	fork.Receipts = fork.Receipts[:1]
	other := two
	other.Previous = fork.Cursor()
	last := Batch{Source: here, Destination: there, Height: math.MaxUint64, Previous: two.Cursor(), Receipts: example().Receipts}
	require.NoError(t, last.Check())
	for name, test := range map[string]struct {
		at   Cursor
		b    Batch
		want error
	}{
		"the first":                     {Cursor{}, one, nil},
		"the second":                    {one.Cursor(), two, nil},
		"the second before the first":   {Cursor{}, two, ErrGap},
		"the first again":               {one.Cursor(), one, ErrReplay},
		"the first after the second":    {two.Cursor(), one, ErrReplay},
		"another one of its height":     {one.Cursor(), fork, ErrReplay},
		"one that follows on another":   {one.Cursor(), other, ErrFork},
		"a first one after others":      {one.Cursor(), Batch{Source: here, Destination: there, Height: 9, Receipts: one.Receipts}, ErrFork},
		"the highest":                   {two.Cursor(), last, nil},
		"something after the highest":   {last.Cursor(), two, ErrReplay},
		"the highest before the second": {one.Cursor(), last, ErrGap},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.at.Take(&test.b)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
				require.Equal(t, test.at, got, "nothing is taken")
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.b.Cursor(), got)
		})
	}
}

// In whatever order batches come, and however often: each is taken exactly once, in the order in which it was made.
func TestExactlyOnceInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out Outbox
		var sent []Batch
		height := uint64(0)
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			height += rapid.Uint64Range(1, 3).Draw(t, "blocks")
			sent = append(sent, out.Send(here, there, height, drawBatch(t).Receipts))
		}
		require.Equal(t, uint64(len(sent)), out.Waiting)
		var at Cursor
		var taken []uint64
		offer := func(b Batch) {
			next, err := at.Take(&b)
			if err == nil {
				taken = append(taken, b.Height)
			} else {
				require.Equal(t, at, next)
			}
			at = next
		}
		for range rapid.IntRange(0, 60).Draw(t, "offers") {
			offer(sent[rapid.IntRange(0, len(sent)-1).Draw(t, "which")])
		}
		// Whoever carries on brings all of them in the end.
		for _, b := range sent {
			offer(b)
		}
		require.Len(t, taken, len(sent))
		for i := range sent {
			require.Equal(t, sent[i].Height, taken[i])
		}
		require.Equal(t, out.Sent, at)
	})
}

// Whatever fits into a block can leave it as one batch, and a batch that left one fits into another.
func TestRoom(t *testing.T) {
	short := Receipt{Amount: utop(1)}
	long := Receipt{Amount: utop(1), Memo: string(make([]byte, MaxMemo))}
	for i := range lattice.MaxCoins {
		denom := make([]byte, lattice.MaxDenom)
		for j := range denom {
			denom[j] = byte('a' + i)
		}
		long.Amount.Coins = append(long.Amount.Coins, lattice.Coin{Denom: string(denom), Amount: lattice.Amount{Low: 1}})
	}
	for name, r := range map[string]Receipt{"short": short, "long": long} {
		t.Run(name, func(t *testing.T) {
			room := NewRoom()
			b := Batch{Source: here, Destination: there, Height: 1}
			for room.Take([]Receipt{r}) {
				b.Receipts = append(b.Receipts, r)
			}
			got, err := Decode(b.Encode())
			require.NoError(t, err)
			whole := NewRoom()
			require.True(t, whole.Take(got.Receipts), "its destination takes it")
			require.False(t, whole.Take(got.Receipts))
			number, bytes := whole.Transfers()
			require.False(t, whole.TakeTransfers(number+1, 0))
			require.False(t, whole.TakeTransfers(0, bytes+1))
			require.True(t, whole.TakeTransfers(number, bytes))
		})
	}
}
