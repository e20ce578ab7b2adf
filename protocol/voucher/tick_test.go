package voucher_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
)

func tick(t require.TestingT, c *voucher.HashChain, index uint64) *voucher.Tick {
	preimage, err := c.Preimage(index)
	require.NoError(t, err)
	return &voucher.Tick{Index: index, Preimage: preimage[:]}
}

func TestHashChainIsRepeatedSHA256(t *testing.T) {
	for _, length := range []uint64{1, 2, 3, 4, 15, 16, 17, 1000} {
		c := voucher.NewHashChain([32]byte{9}, length)
		require.Equal(t, length, c.Length())
		v := [32]byte{9}
		for steps := range length {
			p, err := c.Preimage(length - steps)
			require.NoError(t, err)
			require.Equal(t, v, p)
			v = sha256.Sum256(v[:])
		}
		require.Equal(t, v, c.Anchor())
		for _, index := range []uint64{0, length + 1, 1<<64 - 1} {
			_, err := c.Preimage(index)
			require.ErrorIs(t, err, voucher.ErrTick)
		}
	}
}

func TestHashChainBounds(t *testing.T) {
	t.Parallel()
	c := voucher.NewHashChain([32]byte{}, 0)
	_, err := c.Preimage(1)
	require.ErrorIs(t, err, voucher.ErrTick)
	if testing.Short() {
		t.Skip("the longest chain takes seconds")
	}
	require.EqualValues(t, voucher.MaxTicks, voucher.NewHashChain([32]byte{}, 1<<64-1).Length())
}

// Whatever ticks come in, the meter is paid exactly up to the highest good one, and a refused tick changes nothing.
func TestMeterFollowsTheChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.Uint64Range(1, 300).Draw(t, "length")
		c := voucher.NewHashChain([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")), length)
		m := voucher.NewMeter(c.Anchor(), length)
		var paid uint64
		for range rapid.IntRange(1, 20).Draw(t, "ticks") {
			index := rapid.Uint64Range(1, length).Draw(t, "index")
			tk := tick(t, c, index)
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				tk.Preimage[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
				require.Error(t, m.Accept(tk))
			case 1:
				tk.Index += rapid.Uint64Min(1).Draw(t, "shift")
				require.Error(t, m.Accept(tk))
			case 2:
				// A restart in between.
				m = voucher.ResumeMeter(m.Last(), m.Index(), length)
			default:
				if err := m.Accept(tk); index > paid {
					require.NoError(t, err)
					paid = index
				} else {
					require.ErrorIs(t, err, voucher.ErrTick)
				}
			}
			require.Equal(t, paid, m.Index())
		}
	})
}

func TestMeterRefusesHostileTicks(t *testing.T) {
	c := voucher.NewHashChain([32]byte{1}, voucher.MaxStep+2)
	m := voucher.NewMeter(c.Anchor(), voucher.MaxStep+2)
	require.ErrorIs(t, m.Accept(nil), voucher.ErrMalformed)
	require.ErrorIs(t, m.Accept(&voucher.Tick{Index: 1, Preimage: make([]byte, 31)}), voucher.ErrMalformed)
	require.ErrorIs(t, m.Accept(&voucher.Tick{Index: 1, Preimage: make([]byte, 1<<20)}), voucher.ErrMalformed)
	require.ErrorIs(t, m.Accept(&voucher.Tick{Index: 1<<64 - 1, Preimage: make([]byte, 32)}), voucher.ErrTick)
	require.ErrorIs(t, m.Accept(tick(t, c, voucher.MaxStep+1)), voucher.ErrTick, "too many hashes at once")
	require.NoError(t, m.Accept(tick(t, c, voucher.MaxStep)))
	require.NoError(t, m.Accept(tick(t, c, voucher.MaxStep+2)))
	require.ErrorIs(t, m.Accept(tick(t, c, voucher.MaxStep+2)), voucher.ErrTick, "paid already")
}
