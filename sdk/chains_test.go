package sdk

import (
	"testing"

	"github.com/stretchr/testify/require"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// A key that cannot spend what is asked for, or not for long, is found before anything is paid for.
func TestKeyThatCanSpendNoMore(t *testing.T) {
	const now, amount = 10, 1_000
	key := []byte("key")
	listed := func(capUtop, expires uint64) billingtypes.Escrow {
		return billingtypes.Escrow{SessionKeys: []billingtypes.SessionKey{{Key: []byte("other")}, {Key: key, CapUtop: capUtop, ExpiresEpoch: expires}}}
	}
	for name, c := range map[string]struct {
		escrow   billingtypes.Escrow
		spending usagetypes.KeySpending
		want     string
	}{
		"not known yet":      {billingtypes.Escrow{}, usagetypes.KeySpending{}, ""},
		"room enough":        {listed(5_000, 50_000), usagetypes.KeySpending{Spent: 3_000, Reserved: 1_000, Allotted: 1_000}, ""},
		"its cap is used":    {listed(5_000, 50_000), usagetypes.KeySpending{Spent: 3_000, Reserved: 1_001}, "4001 utop of its cap of 5000"},
		"more than its cap":  {listed(999, 50_000), usagetypes.KeySpending{}, "0 utop of its cap of 999"},
		"it expires soon":    {listed(5_000, now+keyRenewEpochs-1), usagetypes.KeySpending{}, "expires in epoch 1009"},
		"revoked":            {billingtypes.Escrow{PastKeys: []billingtypes.SessionKey{{Key: key}}}, usagetypes.KeySpending{}, "has ended"},
		"forgotten, but was": {billingtypes.Escrow{}, usagetypes.KeySpending{Spent: 1}, "has ended"},
	} {
		err := canSpend(c.escrow, key, c.spending, now, amount)
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, ErrSessionKey, name)
		require.ErrorContains(t, err, c.want, name)
	}
}
