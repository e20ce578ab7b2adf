package voucher_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

func TestCheckSuccessor(t *testing.T) {
	base := func() *voucher.Voucher { return newSession().voucher }
	for _, test := range []struct {
		name   string
		change func(next *voucher.Voucher)
		want   error
	}{
		{"more of everything", func(v *voucher.Voucher) { v.Usage[0].Quantity++; v.Usage[1].Quantity++; v.AmountUtop += 110 }, nil},
		{"the same again", func(*voucher.Voucher) {}, nil},
		{"numbers may skip", func(v *voucher.Voucher) { v.Number += 10 }, nil},
		{"a new measure before", func(v *voucher.Voucher) {
			v.Usage = append([]*voucher.Usage{{Measure: "a", Quantity: 1}}, v.Usage...)
		}, nil},
		{"a new measure after", func(v *voucher.Voucher) { v.Usage = append(v.Usage, &voucher.Usage{Measure: "z", Quantity: 1}) }, nil},
		{"same number", func(v *voucher.Voucher) { v.Number = 3 }, voucher.ErrRegression},
		{"lower number", func(v *voucher.Voucher) { v.Number = 2 }, voucher.ErrRegression},
		{"number 0", func(v *voucher.Voucher) { v.Number = 0 }, voucher.ErrMalformed},
		{"lower amount", func(v *voucher.Voucher) { v.AmountUtop-- }, voucher.ErrRegression},
		{"lower usage", func(v *voucher.Voucher) { v.Usage[0].Quantity-- }, voucher.ErrRegression},
		{"lower last usage", func(v *voucher.Voucher) { v.Usage[1].Quantity-- }, voucher.ErrRegression},
		{"a measure less", func(v *voucher.Voucher) { v.Usage = v.Usage[:1] }, voucher.ErrRegression},
		{"another measure instead", func(v *voucher.Voucher) { v.Usage[0].Measure = "a" }, voucher.ErrRegression},
		{"no usage", func(v *voucher.Voucher) { v.Usage = nil }, voucher.ErrRegression},
		{"nil usage", func(v *voucher.Voucher) { v.Usage[0] = nil }, voucher.ErrMalformed},
		{"unsorted usage", func(v *voucher.Voucher) { v.Usage[0], v.Usage[1] = v.Usage[1], v.Usage[0] }, voucher.ErrMalformed},
		{"other session", func(v *voucher.Voucher) { v.SessionId[0] ^= 1 }, voucher.ErrMismatch},
		{"other epoch", func(v *voucher.Voucher) { v.Epoch++ }, voucher.ErrMismatch},
		{"other chain", func(v *voucher.Voucher) { v.ChainId = "top-msg-2" }, voucher.ErrMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			next := base()
			next.Number = 4
			test.change(next)
			require.ErrorIs(t, voucher.CheckSuccessor(base(), next), test.want)
		})
	}
	require.NoError(t, voucher.CheckSuccessor(nil, base()))
	require.ErrorIs(t, voucher.CheckSuccessor(base(), nil), voucher.ErrMalformed)
	require.ErrorIs(t, voucher.CheckSuccessor(nil, nil), voucher.ErrMalformed)
	// A hostile voucher cannot be prev (it was verified before it was kept), but even then nothing panics.
	hostile := base()
	hostile.Usage[0] = nil
	next := base()
	next.Number = 4
	require.Error(t, voucher.CheckSuccessor(hostile, next))
}
