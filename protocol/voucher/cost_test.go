package voucher_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
)

// Cost equals exact arithmetic or is refused, for any prices and quantities.
func TestCostIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Small, large and extreme values alike.
		value := rapid.OneOf(rapid.Uint64Range(0, 1000), rapid.Uint64Range(1<<31, 1<<33), rapid.Uint64())
		n := rapid.IntRange(1, voucher.MaxMeasures).Draw(t, "prices")
		var prices []*voucher.Price
		var usage []*voucher.Usage
		want := new(big.Int)
		for i := range n {
			m := fmt.Sprintf("m%02d", i)
			p := value.Draw(t, "price")
			prices = append(prices, &voucher.Price{Measure: m, Utop: p})
			if rapid.Bool().Draw(t, "used") {
				q := value.Draw(t, "quantity")
				usage = append(usage, &voucher.Usage{Measure: m, Quantity: q})
				want.Add(want, new(big.Int).Mul(new(big.Int).SetUint64(p), new(big.Int).SetUint64(q)))
			}
		}
		got, err := voucher.Cost(prices, usage)
		if want.IsUint64() {
			require.NoError(t, err)
			require.Equal(t, want.Uint64(), got)
		} else {
			require.ErrorIs(t, err, voucher.ErrAmount)
		}
	})
}

func TestCostNear2To64(t *testing.T) {
	const most = 1<<64 - 1
	price := func(a, b uint64) []*voucher.Price {
		return []*voucher.Price{{Measure: "a", Utop: a}, {Measure: "b", Utop: b}}
	}
	use := func(a, b uint64) []*voucher.Usage {
		return []*voucher.Usage{{Measure: "a", Quantity: a}, {Measure: "b", Quantity: b}}
	}
	for _, test := range []struct {
		prices []*voucher.Price
		usage  []*voucher.Usage
		want   uint64
		err    error
	}{
		{price(1, 1), use(most, 0), most, nil},
		{price(1, 1), use(most, 1), 0, voucher.ErrAmount},
		{price(1, 1), use(most-1, 1), most, nil},
		{price(1<<32, 1), use(1<<32, 0), 0, voucher.ErrAmount},
		{price(1<<32, 1), use(1<<32-1, 1<<32-1), most, nil},
		{price(most, most), use(most, most), 0, voucher.ErrAmount},
		{price(0, 0), use(most, most), 0, nil},
	} {
		got, err := voucher.Cost(test.prices, test.usage)
		require.ErrorIs(t, err, test.err)
		require.Equal(t, test.want, got)
	}
}
