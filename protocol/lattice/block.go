package lattice

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// Verdict on one transfer of a block.
type Verdict struct {
	// Err says why nothing was done.
	Err error
	// Fee in utop that was taken and burned.
	Fee uint64
	// Returned: the coins went back to their sender, or to the community's record.
	Returned bool
}

// Effects of a block. They do not depend on the number of lanes, but for the order of Changed.
type Effects struct {
	// Verdicts in the order of the transfers.
	Verdicts []Verdict
	// Changed records that were there, Created ones in the order in which they take their slots, Dropped ones that have nothing to keep.
	Changed, Created []Record
	Dropped          []Address
	// Units of the block, by account and number in ascending order.
	Units []Unit
	// Departed are the coins that leave for other shards, in the block's order: those that were sent, then those that arrived, found no room and go back.
	Departed []Arrival
	// Burned utop: fees.
	Burned uint64
	// Overdrawn is what debits of coins that are elsewhere already did not find, each by itself: no sum of what others claim to have sent fails.
	Overdrawn []Overdraft
	// Lost coins of other denominations, which neither their recipient nor their sender could take and for which the community's record has no room.
	Lost []Coin
}

// Overdraft of an account: what it had to pay and did not hold.
type Overdraft struct {
	Account Address
	Amount  Balance
}

// entry is an account that a block touches.
type entry struct {
	Record
	// was there when the block began, and open.
	was, open bool
	changed   bool
	// creator is the transfer that brought the account, by its place in the block.
	creator int
	// sent denominations other than utop: their places are kept free for what may come back.
	sent []string
}

// lane holds the accounts whose addresses fall to it, so that no account is in two.
type lane struct {
	entries map[Address]*entry
	order   []*entry
	units   []Unit
	// from and to are transfers whose sender, or recipient, is in the lane, in the block's order; back are arrivals whose sender is.
	from, to, back []int
	err            error
}

// execution of a block.
type execution struct {
	rules *Rules
	view  View
	// transfers, and after them the arrivals, which have no debit.
	transfers []Transfer
	arrivals  []Arrival
	verdicts  []Verdict
	lanes     []lane
	// away: the coins leave for another shard. orphans: nobody can take them.
	away, orphans []bool
	// short is what a debit of an arrival did not find, by its place; nil where there are none.
	short []Balance
}

// Each runs a function for 0 … n−1 and answers when all are done; in whatever order, or at once.
type Each func(n int, run func(i int))

// Serially is one after the other.
func Serially(n int, run func(i int)) {
	for i := range n {
		run(i)
	}
}

// Execute a block of transfers, and of arrivals from other shards, in lanes by account. All debits come first, sender by sender in the block's order, against what accounts held when the block began; then all credits,
// recipient by recipient, of the block's transfers before arrivals; then what could not be credited returns to its sender, or to its sender's shard; what cannot return goes to the community's record. So an account is touched
// by one lane only, and what it receives it can spend from the next block on. An arrival for an account that the shard does not hold finds no room.
func (r *Rules) Execute(view View, transfers []Transfer, arrivals []Arrival, lanes int, each Each) (*Effects, error) {
	all := transfers
	if len(arrivals) > 0 {
		all = append(make([]Transfer, 0, len(transfers)+len(arrivals)), transfers...)
		for i := range arrivals {
			all = append(all, arrivals[i].transfer())
		}
	}
	x := &execution{
		rules: r, view: view, transfers: all, arrivals: arrivals, verdicts: make([]Verdict, len(all)), lanes: make([]lane, max(1, lanes)), away: make([]bool, len(all)), orphans: make([]bool, len(all)),
	}
	for i := range x.lanes {
		x.lanes[i].entries = make(map[Address]*entry, 2*len(all)/len(x.lanes))
	}
	for i := range transfers {
		from, to := x.lane(transfers[i].From), x.lane(transfers[i].To)
		from.from, to.to = append(from.from, i), append(to.to, i)
	}
	for i := range arrivals {
		to, from := x.lane(arrivals[i].Beneficiary()), x.lane(arrivals[i].From)
		to.to, from.back = append(to.to, len(transfers)+i), append(from.back, len(transfers)+i)
		if arrivals[i].Debit && x.short == nil {
			x.short = make([]Balance, len(all))
		}
	}
	for i := range x.lanes {
		l := &x.lanes[i]
		l.units = make([]Unit, 0, len(l.from)+len(l.to))
	}
	for _, phase := range []func(*lane) error{x.debit, x.credit, x.giveBack} {
		each(len(x.lanes), func(i int) {
			if l := &x.lanes[i]; l.err == nil {
				l.err = phase(l)
			}
		})
	}
	for i := range x.lanes {
		if err := x.lanes[i].err; err != nil {
			return nil, err
		}
	}
	return x.effects()
}

func (x *execution) lane(a Address) *lane {
	return &x.lanes[binary.LittleEndian.Uint32(a[:])%uint32(len(x.lanes))]
}

// entry of an account in its lane.
func (x *execution) entry(l *lane, a Address) (*entry, error) {
	if e := l.entries[a]; e != nil {
		return e, nil
	}
	r, was, err := x.view.Get(a)
	if err != nil {
		return nil, err
	}
	e := &entry{Record: r, was: was, open: was && r.IsOpen()}
	e.Address = a
	l.entries[a] = e
	l.order = append(l.order, e)
	return e, nil
}

func (x *execution) debit(l *lane) error {
	for _, i := range l.from {
		t, v := &x.transfers[i], &x.verdicts[i]
		e, err := x.entry(l, t.From)
		if err != nil {
			v.Err = ofSender(err)
			continue
		}
		to, err := Recipient(x.view, t.To)
		if err != nil {
			v.Err = err
			continue
		}
		var u Unit
		if u, v.Fee, v.Err = x.rules.Debit(&e.Record, t, to); v.Err != nil {
			continue
		}
		e.changed, x.away[i] = true, to == Elsewhere
		for _, c := range t.Amount.Coins {
			e.sent = append(e.sent, c.Denom)
		}
		l.units = append(l.units, u)
	}
	return nil
}

func (x *execution) credit(l *lane) error {
	for _, i := range l.to {
		if x.verdicts[i].Err != nil || x.away[i] {
			continue
		}
		if arrived := x.arrival(i); arrived != nil {
			if err := x.arrive(l, arrived, i); err != nil {
				return err
			}
			continue
		}
		e, err := x.entry(l, x.transfers[i].To)
		if err != nil {
			return err
		}
		x.verdicts[i].Returned = !x.give(l, e, Receive, i)
	}
	return nil
}

// arrival at a place among the credits; nil for a transfer of the block.
func (x *execution) arrival(i int) *Arrival {
	if i -= len(x.transfers) - len(x.arrivals); i >= 0 {
		return &x.arrivals[i]
	}
	return nil
}

// arrive credits an arrival. One that finds no room goes back to its shard; one that has come back already is an orphan.
func (x *execution) arrive(l *lane, a *Arrival, i int) error {
	kind := Receive
	if a.Return {
		kind = Return
	}
	e, err := x.entry(l, a.Beneficiary())
	if err != nil && !errors.Is(err, ErrNotOwned) {
		return err
	}
	switch {
	case a.Debit && err != nil:
		x.short[i] = a.Amount
	case a.Debit:
		x.short[i] = x.redebit(l, e, i)
	case err == nil && x.give(l, e, kind, i):
	case a.Return:
		x.orphans[i] = true
	default:
		x.away[i] = true
	}
	return nil
}

// redebit what an account has sent by a batch that this ledger does not have any more, as far as the account holds it; the rest is answered. Its sequence stays.
func (x *execution) redebit(l *lane, e *entry, i int) (short Balance) {
	t := &x.transfers[i]
	taken, short := t.Amount.Within(e.Balance)
	if taken.IsZero() {
		return short
	}
	left, err := e.Balance.Sub(taken)
	if err != nil {
		return t.Amount
	}
	mana := x.rules.Quota.Refilled(e.Mana, e.Utop, x.rules.Now)
	e.Mana, e.Balance, e.changed = mana.Cut(e.Utop, left.Utop), left, true
	l.units = append(l.units, e.chain(x.rules.Height, Send, t.To, taken, t.Hash))
	return short
}

func (x *execution) giveBack(l *lane) error {
	for _, i := range l.from {
		if x.verdicts[i].Returned {
			x.orphans[i] = !x.give(l, l.entries[x.transfers[i].From], Return, i)
		}
	}
	// Whose sender is here has nowhere else to go: the shard has taken over from the one that sent it.
	for _, i := range l.back {
		if !x.away[i] || x.arrival(i).Main {
			continue
		}
		e, err := x.entry(l, x.transfers[i].From)
		if errors.Is(err, ErrNotOwned) {
			continue
		}
		if err != nil {
			return err
		}
		x.away[i], x.orphans[i] = false, !x.give(l, e, Return, i)
	}
	return nil
}

// give a transfer's coins to an account; false where it cannot take them.
func (x *execution) give(l *lane, e *entry, kind UnitKind, i int) bool {
	t := &x.transfers[i]
	if kind == Receive && !e.hasRoom(t.Amount) {
		return false
	}
	u, err := x.rules.Credit(&e.Record, kind, t)
	if err != nil {
		return false
	}
	if !e.was && !e.changed {
		e.creator = i
	}
	e.changed = true
	l.units = append(l.units, u)
	return true
}

// hasRoom tells whether an account can take coins and still take back what it sent in this block.
func (e *entry) hasRoom(amount Balance) bool {
	if len(amount.Coins) == 0 || len(e.Coins)+len(amount.Coins)+len(e.sent) <= MaxCoins {
		return true
	}
	denoms := slices.Clone(e.sent)
	for _, coins := range [][]Coin{e.Coins, amount.Coins} {
		for _, c := range coins {
			denoms = append(denoms, c.Denom)
		}
	}
	slices.Sort(denoms)
	return len(slices.Compact(denoms)) <= MaxCoins
}

// adopt gives the community what nobody can take, and answers the coins for which it has no room.
func (x *execution) adopt(i int) (lost []Coin, err error) {
	l := x.lane(x.rules.Community)
	e, err := x.entry(l, x.rules.Community)
	if err != nil {
		return nil, err
	}
	t := x.transfers[i]
	after, err := e.Balance.Add(t.Amount)
	if err != nil {
		lost = t.Amount.Coins
		t.Amount = Balance{Utop: t.Amount.Utop}
		if after, err = e.Balance.Add(t.Amount); err != nil {
			return nil, err
		}
	}
	if t.Amount.IsZero() {
		return lost, nil
	}
	if !e.was && !e.changed {
		e.creator = len(x.transfers) + i
	}
	if !e.IsOpen() {
		e.Sequence = max(e.Sequence, x.rules.firstSequence())
	}
	e.changed, e.Balance = true, after
	l.units = append(l.units, e.chain(x.rules.Height, Return, t.From, t.Amount, t.Hash))
	return lost, nil
}

func (x *execution) effects() (*Effects, error) {
	out := &Effects{Verdicts: x.verdicts[:len(x.transfers)-len(x.arrivals)]}
	for i := range x.transfers {
		out.Burned += x.verdicts[i].Fee
		if x.short != nil && !x.short[i].IsZero() {
			out.Overdrawn = append(out.Overdrawn, Overdraft{x.arrival(i).Beneficiary(), x.short[i]})
		}
		if x.away[i] {
			out.Departed = append(out.Departed, x.departure(i))
		}
		if !x.orphans[i] {
			continue
		}
		lost, err := x.adopt(i)
		if err != nil {
			return nil, err
		}
		if out.Lost, err = merge(out.Lost, lost, Amount.Add); err != nil {
			return nil, err
		}
	}
	var created []*entry
	changed := 0
	for i := range x.lanes {
		changed += len(x.lanes[i].order)
	}
	out.Changed = make([]Record, 0, changed)
	for i := range x.lanes {
		for _, e := range x.lanes[i].order {
			switch {
			case !e.changed:
			case !e.was:
				created = append(created, e)
			case e.Droppable(x.rules.Epoch):
				out.Dropped = append(out.Dropped, e.Address)
			default:
				out.Changed = append(out.Changed, e.Record)
			}
		}
	}
	out.Units = x.units()
	slices.SortFunc(created, func(a, b *entry) int { return cmp.Compare(a.creator, b.creator) })
	for _, e := range created {
		out.Created = append(out.Created, e.Record)
	}
	return out, nil
}

// departure of coins for another shard.
func (x *execution) departure(i int) Arrival {
	if a := x.arrival(i); a != nil {
		back := *a
		back.Return, back.Memo = true, ""
		return back
	}
	t := &x.transfers[i]
	return Arrival{From: t.From, To: t.To, Amount: t.Amount, Memo: t.Memo, Transaction: t.Hash}
}

// units of all lanes in their order.
func (x *execution) units() []Unit {
	var list []*Unit
	for i := range x.lanes {
		for j := range x.lanes[i].units {
			list = append(list, &x.lanes[i].units[j])
		}
	}
	slices.SortFunc(list, func(a, b *Unit) int {
		if c := bytes.Compare(a.Account[:], b.Account[:]); c != 0 {
			return c
		}
		return cmp.Compare(a.Number, b.Number)
	})
	out := make([]Unit, len(list))
	for i, u := range list {
		out[i] = *u
	}
	return out
}

// Apply the effects to the accounts: what is dropped leaves its slot before what is created takes one.
func (f *Effects) Apply(s *Accounts) error {
	for i := range f.Changed {
		if err := s.Put(f.Changed[i]); err != nil {
			return err
		}
	}
	for _, a := range f.Dropped {
		if _, err := s.Close(a); err != nil {
			return err
		}
	}
	for i := range f.Created {
		if err := s.Put(f.Created[i]); err != nil {
			return err
		}
	}
	return nil
}
