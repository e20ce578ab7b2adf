package lattice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/quota"
)

// What a transfer costs, as x/lattice's README lists it: units, the fee where the quota pays nothing, and how many a holder of 10 TOP makes a day. Who sends to another shard pays for both halves.
func TestWhatThingsCost(t *testing.T) {
	const tenTop = 10_000_000
	rules := &Rules{Quota: quota.Default(), Away: func(*Transfer) error { return nil }, Now: quota.Day}
	for name, test := range map[string]struct {
		size int
		kind KeyKind
		to   Party
		// units, utop and transfers a day.
		units, fee uint64
		daily      int
	}{
		"within the shard":                {290, Ed25519, Open, 49_500, 10, 50},
		"within the shard, secp256k1":     {298, Secp256k1, Open, 79_900, 16, 31},
		"to another shard":                {290, Ed25519, Elsewhere, 79_500, 16, 31},
		"to another shard, secp256k1":     {298, Secp256k1, Elsewhere, 109_900, 22, 22},
		"that makes an account":           {290, Ed25519, Absent, 5_049_500, 1010, 0},
		"that makes an account, with 60B": {350, Ed25519, Absent, 5_052_500, 1011, 0},
	} {
		t.Run(name, func(t *testing.T) {
			transfer := &Transfer{Size: test.size, Key: Key{Kind: test.kind}, Amount: Balance{Utop: 1}}
			require.Equal(t, test.units, rules.Cost(transfer, test.to))

			// Who has next to nothing pays all of it by fee.
			poor := &Record{Mana: quota.Mana{Time: rules.Now}}
			transfer.Fee = test.fee - 1
			_, _, err := rules.Admit(poor, transfer, test.to)
			require.ErrorIs(t, err, quota.ErrQuota)
			transfer.Fee = test.fee + 5
			_, fee, err := rules.Admit(poor, transfer, test.to)
			require.NoError(t, err)
			require.Equal(t, test.fee, fee)

			// A day's quota pays so many, and then no more.
			transfer.Fee = 0
			holder := &Record{Balance: Balance{Utop: tenTop}}
			made := 0
			for ; ; made++ {
				left, fee, err := rules.Admit(holder, transfer, test.to)
				if err != nil {
					require.ErrorIs(t, err, quota.ErrQuota)
					break
				}
				require.Zero(t, fee)
				holder.Mana = left
			}
			require.Equal(t, test.daily, made)
		})
	}
}
