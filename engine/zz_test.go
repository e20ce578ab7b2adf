package engine

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

func BenchmarkBlocks(b *testing.B) {
	const n, per = 20000, 5000
	var keys []lattice.Key
	var addrs []lattice.Address
	for i := range n {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, _ := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
		keys, addrs = append(keys, key), append(addrs, sendtx.AddressOf(key))
	}
	e, err := Open(b.TempDir())
	require.NoError(b, err)
	require.NoError(b, e.Start(lattice.Prefix{}, 0, lattice.Hash{}))
	_, err = e.Seed(func(a *lattice.Accounts) error {
		for i := range addrs {
			if err := a.Put(lattice.Record{Address: addrs[i], Balance: lattice.Balance{Utop: 100_000_000_000}, Mana: testRules(0, 0).Quota.Full(100_000_000_000, 1_700_000_000_000_000_000)}); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(b, err)
	seq := make([]uint64, n)
	b.ResetTimer()
	h := uint64(1)
	for done := 0; done < b.N; h++ {
		b.StopTimer()
		rules := testRules(h, 0)
		rules.Community = addrs[0]
		var txs []*sendtx.Tx
		var places []int
		for i := range per {
			f := (int(h)*per + i) % n
			hash := sha256.Sum256(binary.BigEndian.AppendUint64(addrs[f][:], seq[f]))
			txs = append(txs, &sendtx.Tx{Transfer: lattice.Transfer{From: addrs[f], To: addrs[(f*7+1)%n], Key: keys[f], Sequence: seq[f], Amount: lattice.Balance{Utop: 1}, Fee: 1000, Size: 298, Hash: hash}})
			places = append(places, i)
			seq[f]++
		}
		b.StartTimer()
		res, err := e.Execute(rules, txs, places)
		require.NoError(b, err)
		for _, v := range res.Verdicts {
			if v.Err != nil {
				b.Fatal(v.Err)
			}
		}
		require.NoError(b, e.Commit())
		done += per
	}
	b.StopTimer()
	require.NoError(b, e.Close())
}
