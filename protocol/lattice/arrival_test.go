package lattice

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// strangers are addresses that the small shard does not hold.
var strangers = func() (list []Address) {
	for n := 0; len(list) < 5; n++ {
		if a := address(n); !smallPrefix.Holds(BucketOf(a)) {
			list = append(list, a)
		}
	}
	return list
}()

// sum of a balance into totals.
func (m movement) add(b Balance) {
	*m.utop += b.Utop
	for _, c := range b.Coins {
		m.coins[c.Denom], _ = m.coins[c.Denom].Add(c.Amount)
	}
}

// movement of coins, summed up.
type movement struct {
	utop  *uint64
	coins map[string]Amount
}

func newMovement() movement { return movement{new(uint64), map[string]Amount{}} }

// exchange executes a block with arrivals, in one lane and in many, and holds the results against each other and against what is conserved: what was there and arrived is there, burned, lost or has departed.
func (w *world) exchange(t require.TestingT, transfers []Transfer, arrivals []Arrival, lanes int) *Effects {
	before, after := newMovement(), newMovement()
	held := func(m movement) {
		require.NoError(t, w.serial.Walk(func(r Record) error { m.add(r.Balance); return nil }))
	}
	held(before)
	one, err := w.rules.Execute(w.serial, transfers, arrivals, 1, Serially)
	require.NoError(t, err)
	many, err := w.rules.Execute(w.lanes, transfers, arrivals, lanes, together)
	require.NoError(t, err)
	require.Equal(t, one.Verdicts, many.Verdicts)
	require.Len(t, one.Verdicts, len(transfers), "arrivals have none")
	require.Equal(t, one.Created, many.Created)
	require.Equal(t, one.Departed, many.Departed)
	require.Equal(t, one.Units, many.Units)
	require.Equal(t, one.Burned, many.Burned)
	require.Equal(t, one.Lost, many.Lost)
	require.NoError(t, one.Apply(w.serial))
	require.NoError(t, many.Apply(w.lanes))
	require.Equal(t, w.serial.Root(), w.lanes.Root(), "%d lanes", lanes)

	held(after)
	for i := range arrivals {
		before.add(arrivals[i].Amount)
	}
	for i := range one.Departed {
		d := &one.Departed[i]
		after.add(d.Amount)
		require.False(t, smallPrefix.Holds(BucketOf(d.Beneficiary())), "what is held here has not to leave")
		require.False(t, d.Return && d.Memo != "")
	}
	after.add(Balance{Utop: one.Burned, Coins: one.Lost})
	require.Equal(t, before, after, "held + burned + lost + departed = before + arrived")
	for _, u := range one.Units {
		w.units[u.Account] = append(w.units[u.Account], u)
	}
	require.NoError(t, w.serial.Walk(func(r Record) error { return CheckChain(r, w.units[r.Address]) }))
	for _, a := range one.Dropped {
		delete(w.units, a)
	}
	return one
}

func newExchange(t require.TestingT, records []Record) *world {
	w := newWorld(t, records)
	w.rules.Away = func(t *Transfer) error {
		if t.To == strangers[0] {
			return fmt.Errorf("%w: nobody can be reached there", ErrNotOwned)
		}
		return nil
	}
	return w
}

// Whatever arrives and leaves: any number of lanes does what one does, and every coin is somewhere.
func TestArrivalsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records []Record
		for i := range 6 {
			b := Balance{Utop: rapid.Uint64Range(testDeposit, 1_000_000_000).Draw(t, "utop")}
			if rapid.Bool().Draw(t, "coin") {
				b.Coins = []Coin{{"aaa", Amount{Low: 3}}}
			}
			records = append(records, openRecord(account(i), b))
		}
		w := newExchange(t, records)
		anyone := append(append([]Address{}, smallAccounts...), strangers...)
		amount := func() Balance {
			b := Balance{Utop: rapid.SampledFrom([]uint64{0, 1, testDeposit - 1, testDeposit, 50_000}).Draw(t, "amount")}
			if b.Utop == 0 || rapid.IntRange(0, 3).Draw(t, "with") == 0 {
				for _, d := range []string{"aaa", "bbb"}[rapid.IntRange(0, 1).Draw(t, "from"):] {
					b.Coins = append(b.Coins, Coin{d, Amount{Low: 1}})
				}
			}
			return b
		}
		for height := range rapid.IntRange(1, 3).Draw(t, "blocks") {
			w.rules.Height = uint64(7 + height)
			var transfers []Transfer
			next := map[Address]uint64{}
			for i := range rapid.IntRange(0, 12).Draw(t, "transfers") {
				from := account(rapid.IntRange(0, 7).Draw(t, "sender"))
				r, _, err := w.serial.Get(from)
				require.NoError(t, err)
				if _, ok := next[from]; !ok {
					next[from] = r.Sequence
				}
				a := amount()
				if rapid.IntRange(0, 4).Draw(t, "all") == 0 {
					a = r.Balance
				}
				transfers = append(transfers, Transfer{From: from, To: rapid.SampledFrom(anyone).Draw(t, "to"), Key: testKey(from), Sequence: next[from], Amount: a, Size: 298, Fee: 5000, Hash: Hash{byte(height), byte(i)}})
				next[from]++
			}
			var arrivals []Arrival
			for i := range rapid.IntRange(0, 12).Draw(t, "arrivals") {
				arrivals = append(arrivals, Arrival{
					From: rapid.SampledFrom(anyone).Draw(t, "sent by"), To: rapid.SampledFrom(anyone).Draw(t, "sent to"), Amount: amount(), Return: rapid.Bool().Draw(t, "return"), Transaction: Hash{9, byte(height), byte(i)},
				})
			}
			w.exchange(t, transfers, arrivals, rapid.IntRange(2, 9).Draw(t, "lanes"))
		}
	})
}

// An arrival is credited, goes back to its sender's shard, to its sender where that is here, or to the community.
func TestArrivals(t *testing.T) {
	const rich = 1_000_000_000
	from, other := strangers[1], strangers[2]
	for name, test := range map[string]struct {
		a        Arrival
		departs  bool
		receives Address
	}{
		"to an account":                    {Arrival{From: from, To: account(0), Amount: Balance{Utop: 1}}, false, account(0)},
		"to a new account":                 {Arrival{From: from, To: account(5), Amount: Balance{Utop: testDeposit}}, false, account(5)},
		"too little for a new account":     {Arrival{From: from, To: account(5), Amount: Balance{Utop: testDeposit - 1}, Memo: "m"}, true, from},
		"to an account of another shard":   {Arrival{From: from, To: other, Amount: Balance{Utop: rich}}, true, from},
		"of this shard, to another":        {Arrival{From: account(0), To: other, Amount: Balance{Utop: 1}}, false, account(0)},
		"of a new account here, too small": {Arrival{From: account(5), To: account(6), Amount: Balance{Utop: 1}}, false, account(-1)},
		"a return":                         {Arrival{From: account(0), To: from, Amount: Balance{Utop: 1}, Return: true}, false, account(0)},
		"a return to who has left":         {Arrival{From: account(5), To: from, Amount: Balance{Utop: 1}, Return: true}, false, account(-1)},
		"a return to another shard's":      {Arrival{From: from, To: other, Amount: Balance{Utop: 1}, Return: true}, false, account(-1)},
		"more than 64 bits":                {Arrival{From: from, To: account(0), Amount: Balance{Utop: 1<<64 - 1}}, true, from},
	} {
		t.Run(name, func(t *testing.T) {
			w := newExchange(t, []Record{openRecord(account(0), Balance{Utop: rich})})
			before, _, _ := w.serial.Get(test.receives)
			if test.a.Amount.Utop > 1<<63 {
				// Sums of 64 bits do not tell this one.
				effects, err := w.rules.Execute(w.serial, nil, []Arrival{test.a}, 1, Serially)
				require.NoError(t, err)
				require.Len(t, effects.Departed, 1)
				return
			}
			effects := w.exchange(t, nil, []Arrival{test.a}, 3)
			if test.departs {
				back := test.a
				back.Return, back.Memo = true, ""
				require.Equal(t, []Arrival{back}, effects.Departed)
				return
			}
			require.Empty(t, effects.Departed)
			after, found, err := w.serial.Get(test.receives)
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, test.a.Amount.Utop, after.Utop-before.Utop)
		})
	}
}

// Coins that leave are out of the shard at once, with the memo; none leave where they cannot go, or below the deposit.
func TestDepartures(t *testing.T) {
	const rich = 1_000_000_000
	w := newExchange(t, []Record{openRecord(account(0), Balance{Utop: rich}), openRecord(account(1), Balance{Utop: rich})})
	send := func(to Address, utop, sequence uint64) Transfer {
		return Transfer{From: account(0), To: to, Key: testKey(account(0)), Sequence: sequence, Amount: Balance{Utop: utop}, Memo: "m", Size: 298, Hash: Hash{byte(sequence)}}
	}
	effects := w.exchange(t, []Transfer{send(strangers[0], testDeposit, 5), send(strangers[1], testDeposit-1, 5), send(strangers[1], testDeposit, 5), send(account(1), testDeposit, 6)}, nil, 4)
	require.ErrorIs(t, effects.Verdicts[0].Err, ErrNotOwned)
	require.ErrorIs(t, effects.Verdicts[1].Err, ErrDeposit)
	require.NoError(t, effects.Verdicts[2].Err)
	require.NoError(t, effects.Verdicts[3].Err)
	require.Equal(t, []Arrival{{From: account(0), To: strangers[1], Amount: Balance{Utop: testDeposit}, Memo: "m", Transaction: Hash{5}}}, effects.Departed)

	w.rules.Ended = true
	effects = w.exchange(t, []Transfer{send(account(1), testDeposit, 7)}, nil, 2)
	require.ErrorIs(t, effects.Verdicts[0].Err, ErrEnded)
}
