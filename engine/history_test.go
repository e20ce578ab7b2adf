package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// ping is a transfer of one account to another that is executed at any time.
func ping(e *Engine, from, to user) *sendtx.Tx {
	r, _, err := e.Get(from.address)
	if err != nil {
		panic(err)
	}
	return &sendtx.Tx{Transfer: lattice.Transfer{
		From: from.address, To: to.address, Key: from.key, Sequence: r.Sequence, Amount: lattice.Balance{Utop: testDeposit}, Fee: 10_000_000, Size: 300,
		Hash: sha256.Sum256(binary.BigEndian.AppendUint64(from.address[:], r.Sequence)),
	}}
}

func step(t require.TestingT, e *Engine, height uint64, txs ...*sendtx.Tx) lattice.Hash {
	places := make([]int, len(txs))
	for i := range places {
		places[i] = i
	}
	res, err := e.Execute(testRules(height, 0), txs, places, nil)
	require.NoError(t, err)
	for _, v := range res.Verdicts {
		require.NoError(t, v.Err)
	}
	require.NoError(t, e.Commit())
	return res.Root
}

// What is pruned is gone, what is not is there; and the last block can be taken back all the same.
func TestPrune(t *testing.T) {
	fs := vfs.NewMem()
	e := seeded(t, fs)
	a, b := testUsers[0], testUsers[1]
	// Across the border of two generations, in one of which accounts have history in few blocks.
	const first, last = 65_000, 66_000
	require.NoError(t, e.disk.Prune(1))
	hashes, root, before := map[uint64]lattice.Hash{}, lattice.Hash{}, lattice.Hash{}
	for height := uint64(first); height <= last; height++ {
		before = root
		if height%10 != 0 {
			root = step(t, e, height)
			continue
		}
		tx := ping(e, a, b)
		hashes[height] = tx.Hash
		root = step(t, e, height, tx)
	}
	check := func(below, generation uint64) {
		t.Helper()
		r, _, err := e.Get(a.address)
		require.NoError(t, err)
		units := unitsOf(t, e, r)
		require.Len(t, units, int((last-max(below, first))/10+1))
		require.NoError(t, lattice.CheckChain(r, units))
		for height, hash := range hashes {
			entry, found, err := e.Transaction(hash)
			require.NoError(t, err)
			require.Equal(t, height >= generation, found, "of height %d", height)
			if found {
				require.Equal(t, height, entry.Height)
			}
		}
	}
	check(0, 0)
	require.NoError(t, e.Prune(first+200))
	check(first+200, 0)
	require.NoError(t, e.Prune(first+210))
	check(first+200, 0)
	require.NoError(t, e.Prune(last-100))
	check(last-100, 1<<16)
	require.NoError(t, e.Discard(t.Context(), last-50))
	check(last-50, 1<<16)

	// Restarted, and a block back.
	require.NoError(t, e.Close())
	var err error
	e, err = OpenOn(fs, "accounts")
	require.NoError(t, err)
	require.NoError(t, e.Start(testPrefix, last-1, before))
	_, found, err := e.Transaction(hashes[last])
	require.NoError(t, err)
	require.False(t, found)
	tx := ping(e, a, b)
	require.Equal(t, hashes[last], tx.Hash)
	require.Equal(t, root, step(t, e, last, tx))
	check(last-50, 1<<16)
}

// fullDisk refuses what is written after so many writes.
type fullDisk struct {
	mu   sync.Mutex
	left int
}

func (d *fullDisk) String() string { return "full disk" }

func (d *fullDisk) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpCreate, errorfs.OpFilePreallocate:
	default:
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return syscall.ENOSPC
	}
	d.left--
	return nil
}

// A disk that is full at any moment loses no block: the process ends, and with room again the accounts are those of the last commit, or of the one that failed.
func TestDiskFull(t *testing.T) {
	deepest := uint64(0)
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		disk := &fullDisk{left: 1 << 30}
		fs := vfs.NewCrashableMem()
		e := seeded(t, errorfs.Wrap(fs, disk))
		disk.mu.Lock()
		disk.left = int(seed)
		disk.mu.Unlock()
		roots := []lattice.Hash{{}}
		var txs []*sendtx.Tx
		var places []int
		height := uint64(1)
		for ; ; height++ {
			txs, places = anyBlock(e, testRules(height, 0), random)
			res, err := e.Execute(testRules(height, 0), txs, places, nil)
			require.NoError(t, err)
			roots = append(roots, res.Root)
			if ends(e.Commit) {
				break
			}
			require.Less(t, height, uint64(1000), "the disk was never full")
		}
		// Nothing of that process is left but its files; the power may have failed, too.
		fs = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(2) * 100, RNG: random})
		e, err := OpenOn(fs, "accounts")
		require.NoError(t, err)
		if e.Height() == 0 {
			require.Equal(t, uint64(1), height)
			require.NoError(t, e.Close())
			continue
		}
		require.NoError(t, e.Start(testPrefix, height-1, roots[height-1]), "seed %d", seed)
		if deepest = max(deepest, height); height == 1 {
			continue
		}
		res, err := e.Execute(testRules(height, 0), txs, places, nil)
		require.NoError(t, err)
		require.Equal(t, roots[height], res.Root)
		require.NoError(t, e.Commit())
		require.NoError(t, e.Close())
	}
	require.Greater(t, deepest, uint64(5))
}

// ends tells whether a commit ended the process.
func ends(commit func() error) (ended bool) {
	defer func() { ended = ended || recover() != nil }()
	return commit() != nil
}
