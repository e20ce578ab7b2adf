package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
)

// A payload of a snapshot from a stranger makes the accounts that the state names, or none.
func FuzzRestore(f *testing.F) {
	e := seeded(f, vfs.NewMem())
	e.SnapshotEvery(1)
	random := rand.New(rand.NewPCG(7, 8))
	rules := testRules(1, 0)
	txs, places := anyBlock(e, rules, random)
	res, err := e.Execute(rules, txs, places, nil)
	require.NoError(f, err)
	require.NoError(f, e.Commit())
	var payloads [][]byte
	require.NoError(f, e.Snapshot(1, func(p []byte) error { payloads = append(payloads, p); return nil }))
	for _, p := range payloads {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		other, err := OpenOn(vfs.NewMem(), "accounts")
		require.NoError(t, err)
		defer func() { require.NoError(t, other.Close()) }()
		list := [][]byte{payload}
		err = other.Restore(testPrefix, 1, res.Root, func() ([]byte, error) {
			if len(list) == 0 {
				return nil, nil
			}
			list = nil
			return payload, nil
		})
		if err != nil {
			require.Zero(t, other.Height())
			return
		}
		accounts, err := lattice.NewAccounts(testPrefix)
		require.NoError(t, err)
		require.NoError(t, other.Buckets(accounts.Restore))
		require.Equal(t, res.Root, accounts.Root())
	})
}
