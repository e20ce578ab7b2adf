package engine

import (
	"crypto/ed25519"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Guards of the path that every transfer takes: allocations, which are the same on every machine, not seconds.

func guardTransfers(n int) (txs []*sendtx.Tx, places []int) {
	next := map[lattice.Address]uint64{}
	for i := range n {
		from, to := testUsers[i%8], testUsers[(i+3)%8]
		txs = append(txs, &sendtx.Tx{Transfer: lattice.Transfer{
			From: from.address, To: to.address, Key: from.key, Sequence: next[from.address], Amount: lattice.Balance{Utop: 1}, Fee: 1_000_000, Size: 300, Hash: lattice.Hash{byte(i), byte(i >> 8)},
		}})
		places = append(places, i)
		next[from.address]++
	}
	return txs, places
}

func TestAllocationsOfDecoding(t *testing.T) {
	u := testUsers[0]
	unsigned := sendtx.New(lattice.Transfer{To: testUsers[1].address, Key: u.key, Sequence: 1 << 21, Amount: lattice.Balance{Utop: 1_000_000}}, "")
	raw := unsigned.Signed(ed25519.Sign(u.secret, unsigned.SignBytes("top-1")))
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := sendtx.Decode(raw); err != nil {
			panic(err)
		}
	})
	require.LessOrEqual(t, allocations, 8.0, "of a transaction")
}

func TestAllocationsOfABlock(t *testing.T) {
	const transfers = 400
	e := seeded(t, vfs.NewMem())
	e.lanes = 1
	txs, _ := guardTransfers(transfers)
	rules := testRules(1, 0)
	checked := testing.AllocsPerRun(5, func() {
		if err := e.Check(rules, txs); err != nil {
			panic(err)
		}
	})
	require.LessOrEqual(t, checked/transfers, 2.0, "of a transfer in a proposal")
	_, err := e.Execute(rules, nil, nil, nil)
	require.NoError(t, err)
	list := make([]lattice.Transfer, len(txs))
	for i, tx := range txs {
		list[i] = tx.Transfer
	}
	executed := testing.AllocsPerRun(5, func() {
		if _, err := rules.Execute(e.accounts, list, nil, 1, lattice.Serially); err != nil {
			panic(err)
		}
	})
	require.LessOrEqual(t, executed/transfers, 2.0, "of a transfer in a block")
}

func TestAllocationsOfACommit(t *testing.T) {
	const transfers, runs = 400, 5
	e := seeded(t, vfs.NewMem())
	e.lanes = 1
	all, places := guardTransfers((runs + 1) * transfers)
	height := uint64(0)
	committed := testing.AllocsPerRun(runs, func() {
		from := height * transfers
		height++
		res, err := e.Execute(testRules(height, 0), all[from:from+transfers], places[:transfers], nil)
		if err == nil {
			err = e.Commit()
		}
		if err != nil || len(res.Units) != 2*transfers {
			panic(err)
		}
	})
	require.LessOrEqual(t, committed/transfers, 4.0, "of a transfer from a block to the disk")
}
