package lattice

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/quota"
)

const (
	testDeposit = 1000
	testEpoch   = 3
	testNow     = int64(1_700_000_000_000_000_000)
)

// smallPrefix of a shard that holds few buckets, and accounts in it; −1 is the community's.
var (
	smallPrefix   = Prefix{Bits: 5, Len: MaxPrefix}
	smallAccounts = among(smallPrefix, 13)
)

func account(n int) Address { return smallAccounts[n+1] }

func testRules() Rules {
	return Rules{Epoch: testEpoch, Now: testNow, Height: 7, Deposit: testDeposit, Community: account(-1), Quota: quota.Default()}
}

// testKey of an account, made up: rules do not look into keys.
func testKey(a Address) Key {
	k, err := NewKey(Ed25519, append(a[:], make([]byte, 12)...))
	if err != nil {
		panic(err)
	}
	return k
}

// open account with full mana.
func openRecord(a Address, b Balance) Record {
	p := quota.Default()
	return Record{Address: a, Sequence: 5, Balance: b, Mana: p.Full(b.Utop, testNow)}
}

// together runs all at once, as the engine does.
func together(n int, run func(int)) {
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() { run(i) })
	}
	work.Wait()
}

func total(s *Accounts) (utop uint64, coins map[string]Amount) {
	coins = map[string]Amount{}
	_ = s.Walk(func(r Record) error {
		utop += r.Utop
		for _, c := range r.Coins {
			coins[c.Denom], _ = coins[c.Denom].Add(c.Amount)
		}
		return nil
	})
	return utop, coins
}

// world of a few accounts, and blocks that do everything to them that transfers can.
type world struct {
	rules Rules
	// the same accounts, executed serially and in lanes.
	serial, lanes *Accounts
	units         map[Address][]Unit
}

func newWorld(t require.TestingT, accounts []Record) *world {
	w := &world{rules: testRules(), units: map[Address][]Unit{}}
	var err error
	w.serial, err = NewAccounts(smallPrefix)
	require.NoError(t, err)
	w.lanes, err = NewAccounts(smallPrefix)
	require.NoError(t, err)
	for _, r := range accounts {
		require.NoError(t, w.serial.Put(r))
		require.NoError(t, w.lanes.Put(r))
	}
	return w
}

// block executes transfers both ways and holds the results against each other and against what must be true of any block.
func (w *world) block(t require.TestingT, transfers []Transfer, lanes int) *Effects {
	before, coinsBefore := total(w.serial)
	one, err := w.rules.Execute(w.serial, transfers, nil, 1, Serially)
	require.NoError(t, err)
	many, err := w.rules.Execute(w.lanes, transfers, nil, lanes, together)
	require.NoError(t, err)
	require.Equal(t, len(one.Verdicts), len(many.Verdicts))
	for i := range one.Verdicts {
		require.Equal(t, one.Verdicts[i], many.Verdicts[i])
	}
	require.Equal(t, one.Created, many.Created)
	require.ElementsMatch(t, one.Dropped, many.Dropped)
	require.Equal(t, one.Burned, many.Burned)
	require.Equal(t, one.Lost, many.Lost)
	require.Equal(t, one.Units, many.Units)
	require.NoError(t, one.Apply(w.serial))
	require.NoError(t, many.Apply(w.lanes))
	require.Equal(t, w.serial.Root(), w.lanes.Root(), "%d lanes", lanes)

	after, coinsAfter := total(w.serial)
	require.Equal(t, before, after+one.Burned, "utop are moved or burned, nothing else")
	for _, c := range one.Lost {
		coinsAfter[c.Denom], err = coinsAfter[c.Denom].Add(c.Amount)
		require.NoError(t, err)
	}
	require.Equal(t, coinsBefore, coinsAfter)
	for _, u := range one.Units {
		w.units[u.Account] = append(w.units[u.Account], u)
	}
	require.NoError(t, w.serial.Walk(func(r Record) error {
		if r.IsOpen() && r.Address != w.rules.Community {
			require.GreaterOrEqual(t, r.Utop, uint64(testDeposit))
		}
		require.LessOrEqual(t, r.Mana.Left, w.rules.Quota.Capacity(r.Utop)+1)
		return CheckChain(r, w.units[r.Address])
	}))
	for _, a := range one.Dropped {
		delete(w.units, a)
	}
	return one
}

// Any number of lanes does what one does; nothing is lost, no account is below the deposit, all chains of units lead to their heads.
func TestLanesAreSerial(t *testing.T) {
	denoms := []string{"aaa", "bbb", "ccc"}
	rapid.Check(t, func(t *rapid.T) {
		var records []Record
		for i := range 8 {
			b := Balance{Utop: rapid.Uint64Range(testDeposit, 4*testDeposit).Draw(t, "utop")}
			for _, d := range denoms {
				if n := rapid.Uint64Range(0, 3).Draw(t, d); n > 0 {
					b.Coins = append(b.Coins, Coin{d, Amount{Low: n}})
				}
			}
			records = append(records, openRecord(account(i), b))
		}
		w := newWorld(t, records)
		for height := range rapid.IntRange(1, 4).Draw(t, "blocks") {
			w.rules.Height, w.rules.Now = uint64(7+height), w.rules.Now+int64(height)*1e9
			w.rules.Epoch += rapid.Uint64Range(0, 1).Draw(t, "epoch")
			next := map[Address]uint64{}
			var transfers []Transfer
			for i := range rapid.IntRange(0, 30).Draw(t, "transfers") {
				from, to := account(rapid.IntRange(0, 9).Draw(t, "from")), account(rapid.IntRange(-1, 11).Draw(t, "to"))
				r, _, err := w.serial.Get(from)
				require.NoError(t, err)
				if _, ok := next[from]; !ok {
					next[from] = r.Sequence
				}
				amount := Balance{Utop: rapid.SampledFrom([]uint64{0, 1, testDeposit / 2, testDeposit, r.Utop, r.Utop - min(r.Utop, testDeposit)}).Draw(t, "amount")}
				switch rapid.IntRange(0, 3).Draw(t, "coins") {
				case 0:
					amount.Coins = []Coin{{rapid.SampledFrom(denoms).Draw(t, "denom"), Amount{Low: rapid.Uint64Range(1, 3).Draw(t, "coin")}}}
				case 1:
					amount.Coins = r.Coins
				}
				key := testKey(from)
				if rapid.IntRange(0, 20).Draw(t, "key") == 0 {
					key = testKey(to)
				}
				transfers = append(transfers, Transfer{
					From: from, To: to, Key: key, Sequence: next[from] + uint64(rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(t, "gap")), Amount: amount,
					Fee: rapid.SampledFrom([]uint64{0, 2000}).Draw(t, "fee"), Size: 298, Hash: Hash{byte(height), byte(i)}, Timeout: rapid.SampledFrom([]uint64{0, 0, 8}).Draw(t, "timeout"),
				})
				next[from]++
			}
			w.block(t, transfers, rapid.IntRange(2, 9).Draw(t, "lanes"))
		}
	})
}

// A million transfers in large blocks: every number of lanes makes the same root.
func TestLanesOfAMillion(t *testing.T) {
	const accounts, blocks, size = 20_000, 50, 20_000
	random := rand.New(rand.NewPCG(1, 2))
	var worlds []*Accounts
	lanes := []int{1, 3}
	for range lanes {
		s, err := NewAccounts(Prefix{})
		require.NoError(t, err)
		for i := range accounts {
			require.NoError(t, s.Put(openRecord(address(i), Balance{Utop: 1_000_000_000_000})))
		}
		worlds = append(worlds, s)
	}
	next := make([]uint64, accounts)
	rules := testRules()
	rules.Community = address(-1)
	for block := range blocks {
		rules.Height++
		rules.Now += 1e9
		transfers := make([]Transfer, size)
		for i := range transfers {
			from, to := random.IntN(accounts), random.IntN(accounts+accounts/100)
			a := address(from)
			var h [16]byte
			binary.BigEndian.PutUint64(h[:], uint64(block))
			binary.BigEndian.PutUint64(h[8:], uint64(i))
			transfers[i] = Transfer{From: a, To: address(to), Key: testKey(a), Sequence: 5 + next[from], Amount: Balance{Utop: testDeposit + random.Uint64N(1000)}, Size: 298, Hash: sha256.Sum256(h[:])}
			next[from]++
		}
		for i, n := range lanes {
			effects, err := rules.Execute(worlds[i], transfers, nil, n, together)
			require.NoError(t, err)
			for j := range effects.Verdicts {
				require.NoError(t, effects.Verdicts[j].Err)
			}
			require.NoError(t, effects.Apply(worlds[i]))
		}
		for _, s := range worlds[1:] {
			require.Equal(t, worlds[0].Root(), s.Root())
			require.Equal(t, worlds[0].Len(), s.Len())
		}
	}
}

// one transfer between two accounts, of which the second may be missing.
func (w *world) send(t *testing.T, from, to int, b Balance) Verdict {
	t.Helper()
	r, _, err := w.serial.Get(account(from))
	require.NoError(t, err)
	return w.block(t, []Transfer{{From: account(from), To: account(to), Key: testKey(account(from)), Sequence: r.Sequence, Amount: b, Size: 298, Hash: Hash{1}}}, 2).Verdicts[0]
}

func (w *world) get(t *testing.T, n int) Record {
	t.Helper()
	r, _, err := w.serial.Get(account(n))
	require.NoError(t, err)
	return r
}

func TestRefusedTransfers(t *testing.T) {
	const rich = 1_000_000_000
	good := func() Transfer {
		return Transfer{From: account(0), To: account(1), Key: testKey(account(0)), Sequence: 5, Amount: Balance{Utop: testDeposit}, Size: 298, Hash: Hash{1}}
	}
	for name, test := range map[string]struct {
		change func(*Transfer)
		want   error
	}{
		"unknown sender":           {func(x *Transfer) { x.From, x.Key = account(9), testKey(account(9)) }, ErrUnknown},
		"gap":                      {func(x *Transfer) { x.Sequence = 6 }, ErrSequence},
		"replay":                   {func(x *Transfer) { x.Sequence = 4 }, ErrSequence},
		"nothing":                  {func(x *Transfer) { x.Amount = Balance{} }, ErrMalformed},
		"more than there is":       {func(x *Transfer) { x.Amount.Utop = rich + 1 }, ErrFunds},
		"dust is left":             {func(x *Transfer) { x.Amount.Utop = rich - testDeposit + 1 }, ErrDeposit},
		"dust to nobody":           {func(x *Transfer) { x.To, x.Amount.Utop = account(9), testDeposit-1 }, ErrDeposit},
		"coins alone to nobody":    {func(x *Transfer) { x.To, x.Amount = account(9), Balance{Coins: []Coin{{"aaa", Amount{Low: 1}}}} }, ErrDeposit},
		"coins that are not there": {func(x *Transfer) { x.Amount = Balance{Coins: []Coin{{"bbb", Amount{Low: 1}}}} }, ErrFunds},
		"too late":                 {func(x *Transfer) { x.Timeout = 6 }, ErrTimeout},
		"too large for the quota":  {func(x *Transfer) { x.Size = 1 << 30 }, quota.ErrQuota},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, []Record{openRecord(account(0), Balance{Utop: rich, Coins: []Coin{{"aaa", Amount{Low: 1}}}}), openRecord(account(1), Balance{Utop: rich})})
			root := w.serial.Root()
			x := good()
			test.change(&x)
			require.ErrorIs(t, w.block(t, []Transfer{x}, 2).Verdicts[0].Err, test.want)
			require.Equal(t, root, w.serial.Root(), "what is refused changes nothing")
			require.NoError(t, w.block(t, []Transfer{good()}, 2).Verdicts[0].Err)
		})
	}
}

// An account that was emptied and is made anew never signs a sequence twice, in the same epoch or a later one.
func TestAccountMadeAnew(t *testing.T) {
	w := newWorld(t, []Record{openRecord(account(0), Balance{Utop: 1_000_000_000_000})})
	first := uint64(testEpoch * EpochSequences)
	require.NoError(t, w.send(t, 0, 1, Balance{Utop: 10 * testDeposit}).Err)
	require.Equal(t, first, w.get(t, 1).Sequence)
	require.Zero(t, w.get(t, 1).Mana.Left, "coins bring no mana")
	w.rules.Now += quota.Day
	r := w.get(t, 1)
	r.Utop, r.Mana = 100_000_000, w.rules.Quota.Full(100_000_000, w.rules.Now)
	require.NoError(t, w.serial.Put(r))
	require.NoError(t, w.lanes.Put(r))

	require.NoError(t, w.send(t, 1, 0, Balance{Utop: 100_000_000}).Err)
	r = w.get(t, 1)
	require.False(t, r.IsOpen())
	require.Equal(t, first+1, r.Sequence, "the record keeps its sequence until the epoch ends")
	require.False(t, r.Droppable(testEpoch))
	require.True(t, r.Droppable(testEpoch+1))
	require.NoError(t, w.send(t, 0, 1, Balance{Utop: 10 * testDeposit}).Err)
	require.Equal(t, first+1, w.get(t, 1).Sequence)

	w.rules.Epoch++
	last := w.get(t, 0)
	last.Sequence = (testEpoch+2)*EpochSequences - 1
	require.NoError(t, w.serial.Put(last))
	require.NoError(t, w.lanes.Put(last))
	require.ErrorIs(t, w.send(t, 0, 1, Balance{Utop: 1}).Err, ErrSequence)
	w.rules.Epoch++
	require.NoError(t, w.send(t, 0, 1, Balance{Utop: 1}).Err)
}

// What cannot be credited returns; what cannot return is the community's.
func TestReturns(t *testing.T) {
	const rich = 1_000_000_000
	send := func(from, to int, utop uint64, coins ...Coin) Transfer {
		return Transfer{From: account(from), To: account(to), Key: testKey(account(from)), Sequence: 5, Amount: Balance{Utop: utop, Coins: coins}, Size: 298, Hash: Hash{byte(from)}}
	}
	t.Run("to the sender", func(t *testing.T) {
		w := newWorld(t, []Record{openRecord(account(0), Balance{Utop: rich}), openRecord(account(1), Balance{Utop: rich}), openRecord(account(2), Balance{Utop: rich})})
		effects := w.block(t, []Transfer{send(0, 1, 1), send(1, 2, rich)}, 2)
		require.True(t, effects.Verdicts[0].Returned)
		require.Equal(t, uint64(rich), w.get(t, 0).Utop)
		require.Equal(t, uint64(2), w.get(t, 0).Units)
		require.Equal(t, Return, w.units[account(0)][1].Kind)
		require.True(t, w.get(t, 1).Balance.IsZero())
	})
	t.Run("to the community", func(t *testing.T) {
		w := newWorld(t, []Record{openRecord(account(0), Balance{Utop: rich}), openRecord(account(1), Balance{Utop: rich}), openRecord(account(2), Balance{Utop: rich})})
		second := send(0, 2, rich-1)
		second.Sequence++
		effects := w.block(t, []Transfer{send(0, 1, 1), second, send(1, 2, rich)}, 3)
		require.True(t, effects.Verdicts[0].Returned)
		require.Equal(t, uint64(1), w.get(t, -1).Utop)
		require.True(t, w.get(t, 0).Balance.IsZero())
	})
	t.Run("no room for another denomination", func(t *testing.T) {
		full := Balance{Utop: rich}
		for i := range MaxCoins {
			full.Coins = append(full.Coins, Coin{string(rune('a'+i)) + "xx", Amount{Low: 1}})
		}
		w := newWorld(t, []Record{openRecord(account(0), Balance{Utop: rich, Coins: []Coin{{"zzz", Amount{Low: 1}}}}), openRecord(account(1), full)})
		effects := w.block(t, []Transfer{send(0, 1, 0, Coin{"zzz", Amount{Low: 1}}), send(1, 0, 0, Coin{"axx", Amount{Low: 1}})}, 2)
		require.True(t, effects.Verdicts[0].Returned, "the place of what was sent away is kept")
		require.False(t, effects.Verdicts[1].Returned)
		require.Len(t, w.get(t, 0).Coins, 2)
	})
}
