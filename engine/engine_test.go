package engine

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	testDeposit = 1000
	testFunds   = 10_000_000_000
)

var testPrefix = lattice.Prefix{Bits: 3, Len: lattice.MaxPrefix}

// user is an account with a key.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
}

// testUsers have accounts that fall to testPrefix.
var testUsers = func() (users []user) {
	for n := uint64(0); len(users) < 12; n++ {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
		if err != nil {
			panic(err)
		}
		if a := sendtx.AddressOf(key); testPrefix.Holds(lattice.BucketOf(a)) {
			users = append(users, user{secret, key, a})
		}
	}
	return users
}()

func testRules(height, epoch uint64) lattice.Rules {
	return lattice.Rules{Epoch: epoch, Now: int64(1_700_000_000_000_000_000 + height*1e9), Height: height, Deposit: testDeposit, Community: testUsers[11].address, Quota: quota.Default()}
}

// seeded engine of which the first eight users have accounts.
func seeded(t require.TestingT, fs vfs.FS) *Engine {
	e, err := OpenOn(fs, "accounts")
	require.NoError(t, err)
	_, err = e.Seed(testPrefix, 1, func(a *lattice.Accounts) error {
		for _, u := range testUsers[:8] {
			if err := a.Put(lattice.Record{Address: u.address, Balance: lattice.Balance{Utop: testFunds}, Mana: testRules(0, 0).Quota.Full(testFunds, 1_700_000_000_000_000_000)}); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	return e
}

// anyBlock of transfers that may be good or bad; accounts are emptied and made anew.
func anyBlock(e *Engine, rules lattice.Rules, random *rand.Rand) (txs []*sendtx.Tx, places []int) {
	next := map[lattice.Address]uint64{}
	for i := range random.IntN(30) {
		from, to := testUsers[random.IntN(10)], testUsers[random.IntN(10)]
		r, _, err := e.Get(from.address)
		if err != nil {
			panic(err)
		}
		if _, ok := next[from.address]; !ok {
			next[from.address] = r.Sequence
		}
		amount := []uint64{1, testDeposit, 5 * testDeposit, r.Utop, 1 << 60}[random.IntN(5)]
		tx := &sendtx.Tx{Transfer: lattice.Transfer{
			From: from.address, To: to.address, Key: from.key, Sequence: next[from.address], Amount: lattice.Balance{Utop: amount}, Fee: 10_000_000, Size: 300,
			Hash: sha256.Sum256(binary.BigEndian.AppendUint64(from.address[:], next[from.address]<<20|rules.Height<<8|uint64(i))),
		}}
		if amount > 0 {
			txs, places = append(txs, tx), append(places, i)
			next[from.address]++
		}
	}
	return txs, places
}

// unitsOf an account in ascending order, as far as the node's history goes back.
func unitsOf(t require.TestingT, e *Engine, r lattice.Record) (units []lattice.Unit) {
	require.NoError(t, e.Units(r.Address, r.Units, r.Height, func(u lattice.Unit, _ uint64) bool {
		units = append(units, u)
		return true
	}))
	slices.Reverse(units)
	return units
}

// Wherever the power fails, the accounts come back as of the last commit; the commit before it can be had back, and what is executed again makes the same root.
func TestPowerCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		fs := vfs.NewCrashableMem()
		e := seeded(rt, fs)
		roots := []lattice.Hash{{}}
		for height := uint64(1); height <= uint64(rapid.IntRange(1, 12).Draw(rt, "blocks")); height++ {
			rules := testRules(height, height/3)
			txs, places := anyBlock(e, rules, random)
			res, err := e.Execute(rules, txs, places, nil)
			require.NoError(rt, err)
			require.NoError(rt, e.Commit())
			roots = append(roots, res.Root)
			if random.IntN(3) > 0 {
				continue
			}
			// The power fails: what was not flushed is lost, or a part of it.
			fs = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
			e, err = OpenOn(fs, "accounts")
			require.NoError(rt, err)
			require.Equal(rt, height, e.Height())
			if height > 1 && random.IntN(2) == 0 {
				// It failed before the chain's state was committed: the block is taken back, and comes again.
				require.NoError(rt, e.Start(testPrefix, height-1, roots[height-1]))
				for _, tx := range txs {
					_, found, err := e.Transaction(tx.Hash)
					require.NoError(rt, err)
					require.False(rt, found)
				}
				res, err := e.Execute(rules, txs, places, nil)
				require.NoError(rt, err)
				require.Equal(rt, roots[height], res.Root)
				require.NoError(rt, e.Commit())
			} else {
				require.NoError(rt, e.Start(testPrefix, height, roots[height]))
			}
			for i, tx := range txs {
				entry, found, err := e.Transaction(tx.Hash)
				require.NoError(rt, err)
				require.True(rt, found)
				require.Equal(rt, disk.Entry{Height: height, Index: uint32(places[i]), Code: entry.Code, Log: entry.Log, Returned: entry.Returned}, entry)
			}
		}
		// Every unit of every account is on disk, and leads to the record's head.
		require.NoError(rt, e.Walk(func(r lattice.Record) error {
			units := unitsOf(rt, e, r)
			require.Len(rt, units, int(r.Units))
			return lattice.CheckChain(r, units)
		}))
	})
}

func TestAccountsOfAnotherState(t *testing.T) {
	fs := vfs.NewMem()
	e := seeded(t, fs)
	var roots []lattice.Hash
	for height := uint64(1); height <= 3; height++ {
		res, err := e.Execute(testRules(height, 0), nil, nil, nil)
		require.NoError(t, err)
		require.NoError(t, e.Commit())
		roots = append(roots, res.Root)
	}
	require.ErrorIs(t, e.Start(testPrefix, 4, roots[2]), ErrState, "the accounts are behind")
	require.ErrorIs(t, e.Start(testPrefix, 1, roots[0]), ErrState, "more than one block ahead")
	require.ErrorIs(t, e.Start(testPrefix, 3, lattice.Hash{1}), ErrState, "another root")
	require.NoError(t, e.Start(testPrefix, 3, roots[2]))
	require.NoError(t, e.Start(testPrefix, 2, roots[1]))
	require.ErrorContains(t, e.Start(testPrefix, 1, roots[0]), "nothing that takes height 2 back")
	require.ErrorIs(t, e.Commit(), ErrState, "a commit without a block")
	require.NoError(t, e.Start(testPrefix, 2, roots[1]))
	_, err := e.Seed(testPrefix, 1, func(*lattice.Accounts) error { return nil })
	require.ErrorIs(t, err, ErrState)
}

// A power cut before the chain's first state leaves accounts of genesis, of a part of it, or of the first block: genesis comes again and replaces them.
func TestGenesisComesAgain(t *testing.T) {
	fs := vfs.NewCrashableMem()
	e := seeded(t, fs)
	first, err := e.Executed()
	require.ErrorIs(t, err, ErrState, "genesis is no block: %v", first)
	want, err := e.Execute(testRules(1, 0), nil, nil, nil)
	require.NoError(t, err)
	require.NoError(t, e.Commit())
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	e = seeded(t, fs)
	require.Zero(t, e.Height())
	again, err := e.Execute(testRules(1, 0), nil, nil, nil)
	require.NoError(t, err)
	require.Equal(t, want.Root, again.Root)
	require.NoError(t, e.Commit())
	_, err = e.Execute(testRules(2, 0), nil, nil, nil)
	require.NoError(t, err)
	require.NoError(t, e.Commit())
	_, err = e.Seed(testPrefix, 1, func(*lattice.Accounts) error { return nil })
	require.ErrorIs(t, err, ErrState, "the chain has begun")
	_, err = e.Seed(testPrefix, 2, func(*lattice.Accounts) error { return nil })
	require.NoError(t, err, "it begins with block 2")
}

// Closed accounts leave with their epoch, a bounded number per block, in the same order on a node that was restarted in between.
func TestClosedAccountsLeave(t *testing.T) {
	one, other := seeded(t, vfs.NewMem()), vfs.NewMem()
	two := seeded(t, other)
	var txs []*sendtx.Tx
	for i, u := range testUsers[:6] {
		txs = append(txs, &sendtx.Tx{Transfer: lattice.Transfer{From: u.address, To: testUsers[7].address, Key: u.key, Amount: lattice.Balance{Utop: testFunds}, Size: 300, Hash: lattice.Hash{byte(i)}}})
	}
	step := func(e *Engine, height, epoch uint64, txs []*sendtx.Tx) lattice.Hash {
		res, err := e.Execute(testRules(height, epoch), txs, []int{0, 1, 2, 3, 4, 5}[:len(txs)], nil)
		require.NoError(t, err)
		for _, v := range res.Verdicts {
			require.NoError(t, v.Err)
		}
		require.NoError(t, e.Commit())
		return res.Root
	}
	// In epoch 0 the sequences are needed: an account that is made anew begins at 0.
	require.Equal(t, step(one, 1, 0, txs), step(two, 1, 0, txs))
	r, found, err := one.Get(testUsers[0].address)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, uint64(1), r.Sequence)
	root := step(two, 2, 0, nil)
	require.Equal(t, step(one, 2, 0, nil), root)
	require.NoError(t, two.Close())
	two, err = OpenOn(other, "accounts")
	require.NoError(t, err)
	require.NoError(t, two.Start(testPrefix, 2, root))
	require.Equal(t, step(one, 3, 1, nil), step(two, 3, 1, nil))
	_, found, err = one.Get(testUsers[0].address)
	require.NoError(t, err)
	require.False(t, found)
}

// An account that is made anew and emptied again while others still leave keeps its sequence: dropped, it would begin at one that it has signed. A node that was restarted meanwhile does the same.
func TestWhoComesBackKeepsItsSequence(t *testing.T) {
	fs := vfs.NewCrashableMem()
	e := seeded(t, fs)
	e.atOnce = 1
	away := slices.Clone(testUsers[:3])
	slices.SortFunc(away, func(a, b user) int { return bytes.Compare(a.address[:], b.address[:]) })
	last := away[2]
	sendAll := func(from user, sequence, amount uint64) *sendtx.Tx {
		return &sendtx.Tx{Transfer: lattice.Transfer{
			From: from.address, To: testUsers[7].address, Key: from.key, Sequence: sequence, Amount: lattice.Balance{Utop: amount}, Fee: 0, Size: 300, Hash: lattice.Hash{from.address[0], byte(sequence >> 20)},
		}}
	}
	block := func(e *Engine, height, epoch uint64, txs ...*sendtx.Tx) lattice.Hash {
		res, err := e.Execute(testRules(height, epoch), txs, []int{0, 1, 2}[:len(txs)], nil)
		require.NoError(t, err)
		for _, v := range res.Verdicts {
			require.NoError(t, v.Err)
		}
		require.NoError(t, e.Commit())
		return res.Root
	}
	block(e, 1, 0, sendAll(away[0], 0, testFunds), sendAll(away[1], 0, testFunds), sendAll(last, 0, testFunds))
	to := sendAll(testUsers[7], 0, testFunds)
	to.To = last.address
	block(e, 2, 1, to)
	first := uint64(lattice.EpochSequences)
	again := sendAll(last, first, testFunds)
	// What it received brought no quota: it pays.
	again.Fee = 2_000_000
	again.Amount.Utop -= 2_000_000
	rules := testRules(3, 1)
	_, fee, err := rules.Admit(&lattice.Record{}, &again.Transfer, lattice.Open)
	require.NoError(t, err)
	again.Amount.Utop = testFunds - fee
	root := block(e, 3, 1, again)
	r, found, err := e.Get(last.address)
	require.NoError(t, err)
	require.True(t, found)
	require.False(t, r.IsOpen())
	require.Equal(t, first+1, r.Sequence)

	restarted, err := OpenOn(fs.CrashClone(vfs.CrashCloneCfg{}), "accounts")
	require.NoError(t, err)
	require.NoError(t, restarted.Start(testPrefix, 3, root))
	restarted.atOnce = 1
	for height := uint64(4); height < 8; height++ {
		require.Equal(t, block(e, height, 1), block(restarted, height, 1))
	}
	r, found, err = e.Get(last.address)
	require.NoError(t, err)
	require.True(t, found, "its sequence is needed")
	require.Equal(t, first+1, r.Sequence)
	block(e, 8, 2)
	_, found, err = e.Get(last.address)
	require.NoError(t, err)
	require.False(t, found)
}

// While accounts have left and transfers are not executed yet, accounts are of no height, and nobody is told a root.
func TestBetweenTwoHeights(t *testing.T) {
	e := seeded(t, vfs.NewMem())
	from := testUsers[0]
	all := &sendtx.Tx{Transfer: lattice.Transfer{From: from.address, To: testUsers[7].address, Key: from.key, Amount: lattice.Balance{Utop: testFunds}, Size: 300}}
	_, err := e.Execute(testRules(1, 0), []*sendtx.Tx{all}, []int{0}, nil)
	require.NoError(t, err)
	require.NoError(t, e.Commit())
	require.NoError(t, e.drop(1))
	_, err = e.Executed()
	require.ErrorIs(t, err, errBetween)
	_, _, _, err = e.Proof(testUsers[7].address)
	require.ErrorIs(t, err, errBetween)
	res, err := e.Execute(testRules(2, 1), nil, nil, nil)
	require.NoError(t, err)
	head, err := e.Executed()
	require.NoError(t, err)
	require.Equal(t, Head{2, res.Root}, head)
}

// Check refuses what Execute would not do, and nothing else.
func TestCheckIsExecute(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	e := seeded(t, vfs.NewMem())
	for height := uint64(1); height < 200; height++ {
		rules := testRules(height, 0)
		txs, places := anyBlock(e, rules, random)
		checked := e.Check(rules, txs)
		res, err := e.Execute(rules, txs, places, nil)
		require.NoError(t, err)
		require.Equal(t, checked != nil, slices.ContainsFunc(res.Verdicts, func(v lattice.Verdict) bool { return v.Err != nil }), "%v", checked)
		require.NoError(t, e.Commit())
	}
}

// What is no snapshot of the height's accounts is refused and leaves nothing behind; what is one makes the same accounts.
func TestRestore(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	e := seeded(t, vfs.NewMem())
	e.SnapshotEvery(3)
	var root lattice.Hash
	for height := uint64(1); height <= 10; height++ {
		rules := testRules(height, height/4)
		txs, places := anyBlock(e, rules, random)
		res, err := e.Execute(rules, txs, places, nil)
		require.NoError(t, err)
		require.NoError(t, e.Commit())
		if height == 9 {
			root = res.Root
		}
	}
	require.ErrorIs(t, e.Snapshot(8, nil), ErrState)
	e.payload = 10
	require.ErrorContains(t, e.Snapshot(6, nil), "nobody could restore this")
	e.payload = maxPayload
	require.ErrorIs(t, e.Snapshot(3, nil), ErrState, "two views are kept")
	var payloads [][]byte
	require.NoError(t, e.Snapshot(9, func(p []byte) error { payloads = append(payloads, p); return nil }))
	require.ErrorIs(t, e.Snapshot(9, nil), ErrState, "a view is used once")
	restore := func(list [][]byte) (*Engine, error) {
		other, err := OpenOn(vfs.NewMem(), "accounts")
		require.NoError(t, err)
		return other, other.Restore(testPrefix, 9, root, func() ([]byte, error) {
			if len(list) == 0 {
				return nil, nil
			}
			p := list[0]
			list = list[1:]
			return p, nil
		})
	}
	other, err := restore(payloads)
	require.NoError(t, err)
	require.Equal(t, uint64(9), other.Height())
	require.Equal(t, root, other.accounts.Root())
	// It replaces whatever was there.
	require.NoError(t, e.Restore(testPrefix, 9, root, func() func() ([]byte, error) {
		list := payloads
		return func() ([]byte, error) {
			if len(list) == 0 {
				return nil, nil
			}
			p := list[0]
			list = list[1:]
			return p, nil
		}
	}()))
	require.Equal(t, uint64(9), e.Height())
	for name, bad := range map[string][][]byte{
		"nothing": nil, "rubbish": {[]byte("rubbish")}, "a range twice": {payloads[0], payloads[0]}, "less": {payloads[0][:len(payloads[0])/2]},
	} {
		other, err := restore(bad)
		require.Error(t, err, name)
		require.Zero(t, other.Height(), name)
	}
}
