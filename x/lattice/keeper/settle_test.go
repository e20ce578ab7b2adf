package keeper_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// What a frozen parent has sent back already does not go back again when what it returned comes once more: until then it is overdrawn, afterwards it is even.
func TestReturnsOfAFrozenParent(t *testing.T) {
	h := newHalf(t)
	params, err := h.Params.Get(h.ctx)
	require.NoError(t, err)
	params.UnauditedUtop = 0
	require.NoError(t, h.Params.Set(h.ctx, params))
	const parent = "top-z0.s1-0"
	back := receipt.Receipt{From: addressOf(0), To: addressOf(1), Amount: lattice.Balance{Utop: 500_000}, Transaction: lattice.Hash{7}, Return: true}
	paid := receipt.Receipt{From: addressOf(1), To: addressOf(0), Amount: lattice.Balance{Utop: 40_000}, Transaction: lattice.Hash{8}}
	var sent receipt.Outbox
	first := sent.Send(parent, source, 5, []receipt.Receipt{paid})
	second := sent.Send(parent, source, 9, []receipt.Receipt{back, paid})
	all := lattice.Prefix{}
	require.NoError(t, h.Settlements.Set(h.ctx, parent, types.Settlement{
		Parent: parent, FinalHeight: 8, FinalHash: make([]byte, 32), Sent: []types.Taken{types.TakenBy(all, source, first.Cursor())}, Debts: []types.Taken{types.TakenBy(all, source, second.Cursor())},
	}))
	redebit := func(b receipt.Batch) *types.Carried {
		return &types.Carried{Content: &types.Carried_Redebit{Redebit: &types.Redebit{Batch: b.Encode()}}}
	}
	require.ErrorIs(t, h.try(redebit(first)), receipt.ErrReplay, "the state has it")
	rules, err := h.Rules(h.ctx)
	require.NoError(t, err)
	require.True(t, rules.Settling)
	debits, err := h.Execute(h.ctx, redebit(second))
	require.NoError(t, err)
	require.Len(t, debits, 1, "what came back is nobody's debt here")
	require.True(t, debits[0].Debit)
	require.Equal(t, paid.From, debits[0].From)
	require.ErrorIs(t, h.try(redebit(second)), receipt.ErrReplay)
	overdrawn := func() int64 {
		head, err := h.Head.Get(h.ctx)
		require.NoError(t, err)
		return head.Overdrawn.AmountOf("utop").Int64()
	}
	require.EqualValues(t, 500_000, overdrawn())
	box, err := h.Outboxes.Get(h.ctx, parent+">"+source)
	require.NoError(t, err)
	require.EqualValues(t, 540_000, box.Total.AmountOf("utop").Int64())

	// What was returned comes again, and one like it that was not: that one arrives alone, whether there was room or not.
	h.settled(parent)
	again := receipt.Receipt{From: back.From, To: back.To, Amount: back.Amount, Transaction: back.Transaction, Memo: "invoice"}
	other := again
	other.Transaction = lattice.Hash{9}
	b := &receipt.Batch{Source: source, Destination: own, Height: h.last.Height + 1, Previous: h.last, Receipts: []receipt.Receipt{again, other}}
	arrivals, err := h.Execute(h.ctx, h.other.Delivery(t, 20, b))
	require.NoError(t, err)
	require.Equal(t, []lattice.Arrival{other}, arrivals)
	require.Zero(t, overdrawn())
	in, err := h.Inboxes.Get(h.ctx, source)
	require.NoError(t, err)
	require.EqualValues(t, 1_000_000, in.Total.AmountOf("utop").Int64(), "both have come")
}

// settled with a parent.
func (h *half) settled(parent string) { require.NoError(h.t, h.Settlements.Remove(h.ctx, parent)) }

// What can be taken nowhere any more goes back to who sent it; what was itself to go back is tried again where it was sent to.
func TestRefunds(t *testing.T) {
	h := newHalf(t)
	const parent = "top-z0.s1-0"
	back := receipt.Receipt{From: addressOf(0), To: addressOf(1), Amount: lattice.Balance{Utop: 500_000}, Transaction: lattice.Hash{7}, Return: true}
	paid := receipt.Receipt{From: addressOf(1), To: addressOf(0), Amount: lattice.Balance{Utop: 40_000}, Transaction: lattice.Hash{8}, Memo: "invoice"}
	var sent receipt.Outbox
	first := sent.Send(parent, source, 5, []receipt.Receipt{paid})
	second := sent.Send(parent, source, 9, []receipt.Receipt{back, paid})
	all := lattice.Prefix{}
	require.NoError(t, h.Settlements.Set(h.ctx, parent, types.Settlement{
		Parent: parent, FinalHeight: 12, FinalHash: make([]byte, 32), Refunds: []types.Refund{{Next: types.TakenBy(all, source, second.Cursor()), Until: types.CursorOf(first.Cursor())}},
	}))
	refund := func(b receipt.Batch) *types.Carried {
		return &types.Carried{Content: &types.Carried_Redebit{Redebit: &types.Redebit{Batch: b.Encode()}}}
	}
	require.ErrorContains(t, h.try(refund(second)), "more than there can be", "than the parent has ever sent")
	require.NoError(t, h.Outboxes.Set(h.ctx, parent+">"+source, types.Outbox{Total: sdk.NewCoins(sdk.NewInt64Coin("utop", 600_000))}))
	require.ErrorIs(t, h.try(refund(first)), receipt.ErrReplay, "it was taken")
	arrivals, err := h.Execute(h.ctx, refund(second))
	require.NoError(t, err)
	back.Return, paid.Return, paid.Memo = false, true, ""
	require.Equal(t, []lattice.Arrival{back, paid}, arrivals)
	require.ErrorIs(t, h.try(refund(second)), receipt.ErrReplay)
	box, err := h.Outboxes.Get(h.ctx, parent+">"+source)
	require.NoError(t, err)
	require.EqualValues(t, 60_000, box.Total.AmountOf("utop").Int64())
}

// A payment stands in the batch that is refunded and in the one that was taken in its place: who could not pay it twice does not get it back, and neither does who has it already by a return.
func TestRefundsPayOverdrafts(t *testing.T) {
	h := newHalf(t)
	params, err := h.Params.Get(h.ctx)
	require.NoError(t, err)
	params.UnauditedUtop = 0
	require.NoError(t, h.Params.Set(h.ctx, params))
	const parent = "top-z0.s1-0"
	returned := receipt.Receipt{From: addressOf(0), To: addressOf(1), Amount: lattice.Balance{Utop: 500_000}, Transaction: lattice.Hash{7}, Return: true}
	paid := receipt.Receipt{From: addressOf(1), To: addressOf(0), Amount: lattice.Balance{Utop: 100_000}, Transaction: lattice.Hash{8}, Memo: "invoice"}
	both := []receipt.Receipt{returned, paid}
	var sent receipt.Outbox
	first := sent.Send(parent, source, 5, []receipt.Receipt{paid})
	forgery := sent
	truth, forged := sent.Send(parent, source, 9, both), forgery.Send(parent, source, 8, both)
	all := lattice.Prefix{}
	require.NoError(t, h.Settlements.Set(h.ctx, parent, types.Settlement{
		Parent: parent, FinalHeight: 10, FinalHash: make([]byte, 32), Sent: []types.Taken{types.TakenBy(all, source, first.Cursor()), types.TakenBy(all, source, truth.Cursor())},
		Debts: []types.Taken{types.TakenBy(all, source, forged.Cursor())},
	}))
	require.NoError(t, h.Outboxes.Set(h.ctx, parent+">"+source, types.Outbox{Total: sdk.NewCoins(sdk.NewInt64Coin("utop", 700_000))}))
	redebit := func(b receipt.Batch) *types.Carried {
		return &types.Carried{Content: &types.Carried_Redebit{Redebit: &types.Redebit{Batch: b.Encode()}}}
	}
	debits, err := h.Execute(h.ctx, redebit(forged))
	require.NoError(t, err)
	require.Len(t, debits, 1)
	require.ErrorIs(t, h.try(redebit(truth)), lattice.ErrSettling, "what its senders cannot pay is known after the block")
	overdrawn := func() int64 {
		head, err := h.Head.Get(h.ctx)
		require.NoError(t, err)
		return head.Overdrawn.AmountOf("utop").Int64()
	}
	// The account held less than half of it.
	require.NoError(t, h.Commit(h.ctx, &engine.Result{Effects: &lattice.Effects{Overdrawn: []lattice.Overdraft{{Account: paid.From, Amount: lattice.Balance{Utop: 60_000}}}}}))
	require.EqualValues(t, 560_000, overdrawn())
	owed, err := h.Overdrafts.Get(h.ctx, paid.From[:])
	require.NoError(t, err)
	require.Equal(t, "60000utop", owed.Coins.String())

	// Nor is it when another parent's last batch is debited in the block: that settlement is over.
	h.ctx = h.ctx.WithBlockHeight(h.ctx.BlockHeight() + 1)
	require.NoError(t, h.Debited.Set(h.ctx, uint64(h.ctx.BlockHeight())))
	require.ErrorIs(t, h.try(redebit(truth)), lattice.ErrSettling)

	h.ctx = h.ctx.WithBlockHeight(h.ctx.BlockHeight() + 1)
	arrivals, err := h.Execute(h.ctx, redebit(truth))
	require.NoError(t, err)
	back := paid
	back.Return, back.Memo, back.Amount = true, "", lattice.Balance{Utop: 40_000}
	require.Equal(t, []lattice.Arrival{back}, arrivals, "what it has paid twice; what was returned is where it came from already")
	require.Zero(t, overdrawn())
	owes, err := h.Overdrafts.Has(h.ctx, paid.From[:])
	require.NoError(t, err)
	require.False(t, owes)
}

// What nobody here can pay is written down however much it is and in however many coins: a block never fails for it.
func TestOverdrawnWithoutBound(t *testing.T) {
	h := newHalf(t)
	var list []lattice.Balance
	var drafts []lattice.Overdraft
	for i := range 3 {
		b := lattice.Balance{Utop: math.MaxUint64}
		for c := range byte(16) {
			b.Coins = append(b.Coins, lattice.Coin{Denom: fmt.Sprintf("coin%d%c", i, 'a'+c), Amount: lattice.Amount{High: math.MaxUint64, Low: math.MaxUint64}})
		}
		list = append(list, b, b)
	}
	for _, b := range list {
		drafts = append(drafts, lattice.Overdraft{Amount: b})
	}
	require.NoError(t, h.Commit(h.ctx, &engine.Result{Effects: &lattice.Effects{Overdrawn: drafts}}))
	head, err := h.Head.Get(h.ctx)
	require.NoError(t, err)
	require.Len(t, head.Overdrawn, 1)
	require.Equal(t, "110680464442257309690utop", head.Overdrawn.String())
}

// All that others have said is settled when nobody's word is missing and nothing is owed: shards that have split, or become one, since somebody spoke for them count as one.
func TestSettlement(t *testing.T) {
	left, right := (lattice.Prefix{}).Children()
	table := types.RoutingTable{Routes: []types.Route{{PrefixBits: left.Bits, PrefixLen: uint32(left.Len), Name: "a"}, {PrefixBits: right.Bits, PrefixLen: uint32(right.Len), Name: "own"}}}.Table()
	batch := receipt.Batch{Source: "old", Destination: "a", Height: 9, Previous: receipt.Cursor{Height: 7, Hash: lattice.Hash{1}}, Receipts: []receipt.Receipt{{}}}
	s := types.Settlement{Parent: "old", Sent: []types.Taken{types.TakenBy(left, "a", receipt.Cursor{Height: 5, Hash: lattice.Hash{2}})}}
	require.False(t, s.Done(table, "own", ""))
	require.NoError(t, s.Add(types.Heard{Ledger: "a", PrefixBits: left.Bits, PrefixLen: uint32(left.Len)}, []types.Taken{types.TakenBy(left, "a", batch.Cursor())}))
	require.False(t, s.Done(table, "own", ""), "it is owed")
	half, _ := left.Children()
	require.True(t, s.Covers(half, ""), "who goes on from it")
	require.False(t, s.Covers(right, ""))
	require.Equal(t, []lattice.Prefix{left}, s.Pay(&batch))
	require.Empty(t, s.Pay(&batch), "once")
	require.NotEmpty(t, s.Due(), "the one before it is none that the state has")
	before := receipt.Batch{Source: "old", Destination: "a", Height: 7, Previous: receipt.Cursor{Height: 5, Hash: lattice.Hash{2}}, Receipts: []receipt.Receipt{{}}}
	require.Empty(t, s.Pay(&before), "another of that height")
	s.Debts[0].Cursor = types.CursorOf(before.Cursor())
	require.Equal(t, []lattice.Prefix{left}, s.Pay(&before))
	require.True(t, s.Done(table, "own", ""))
	require.False(t, s.Done(table, "own", "main"))
	require.NoError(t, s.Add(types.Heard{Ledger: "main"}, []types.Taken{{Destination: "main"}}))
	require.True(t, s.Done(table, "own", "main"))

	// Another one was taken in the place of two that the state has: both are to be refunded, the newest first, down to what was confirmed.
	sent := func(height, previous uint64) receipt.Batch {
		b := receipt.Batch{Source: "old", Destination: "a", Height: height, Receipts: []receipt.Receipt{{}}}
		if previous > 0 {
			b.Previous = receipt.Cursor{Height: previous, Hash: lattice.Hash{byte(previous)}}
		}
		return b
	}
	of := func(b receipt.Batch) types.Taken { return types.TakenBy(left, "a", b.Cursor()) }
	confirmed, four, five, forged := sent(3, 0), sent(4, 0), sent(5, 0), sent(4, 0)
	four.Previous = confirmed.Cursor()
	five.Previous = four.Cursor()
	forged.Previous, forged.Receipts = confirmed.Cursor(), []receipt.Receipt{{Memo: "forged"}}
	s = types.Settlement{Parent: "old", Sent: []types.Taken{of(four), of(five), of(confirmed)}, Confirmed: []types.Taken{of(confirmed)}}
	require.NoError(t, s.Add(types.Heard{Ledger: "a", PrefixBits: left.Bits, PrefixLen: uint32(left.Len)}, []types.Taken{of(forged)}))
	require.Empty(t, s.Refund(&five), "nobody has said yet where the other chain began")
	require.Equal(t, []lattice.Prefix{left}, s.Pay(&forged))
	require.Equal(t, []types.Taken{of(five)}, s.Due())
	require.Empty(t, s.Refund(&four))
	require.Equal(t, []lattice.Prefix{left}, s.Refund(&five))
	require.False(t, s.Done(table, "own", ""))
	require.Equal(t, []lattice.Prefix{left}, s.Refund(&four))
	require.Empty(t, s.Refund(&confirmed))
	require.True(t, s.Done(table, "own", ""))
	// Who claims that it took nothing of the true ones at all does not get back what was confirmed.
	forged.Previous = receipt.Cursor{}
	s = types.Settlement{Parent: "old", Sent: []types.Taken{of(four), of(confirmed)}, Confirmed: []types.Taken{of(confirmed)}, Debts: []types.Taken{of(forged)}}
	require.Len(t, s.Pay(&forged), 1)
	require.Len(t, s.Refund(&four), 1)
	require.Empty(t, s.Due())
}

// In its last block a shard says of everyone how far it took, also of who goes on.
func TestBooksAreClosed(t *testing.T) {
	h := newHalf(t)
	paid := receipt.Receipt{From: addressOf(0), To: addressOf(1), Amount: lattice.Balance{Utop: 500}, Transaction: lattice.Hash{8}}
	b := &receipt.Batch{Source: source, Destination: own, Height: 4, Receipts: []receipt.Receipt{paid}}
	_, err := h.Execute(h.ctx, h.other.Delivery(t, 20, b))
	require.NoError(t, err)
	closed := func() types.Standing {
		require.NoError(t, h.Commit(h.ctx, &engine.Result{Effects: &lattice.Effects{}}))
		s, err := h.Standings.Get(h.ctx, source)
		if err != nil {
			require.ErrorIs(t, err, collections.ErrNotFound)
		}
		return s
	}
	require.False(t, closed().Closed, "it goes on")
	within, _ := h.ctx.CacheContext()
	splitting := *h
	splitting.ctx = within
	require.NoError(t, splitting.standing(shardstypes.Shard{Name: own, Status: shardstypes.Status_STATUS_SPLITTING, Children: []string{"a-1", "b-1"}}))
	require.NoError(t, splitting.Commit(within, &engine.Result{Effects: &lattice.Effects{}}))
	_, err = splitting.Standings.Get(within, source)
	require.ErrorIs(t, err, collections.ErrNotFound, "its children take on, and say so themselves")
	require.NoError(t, h.standing(shardstypes.Shard{Name: own, Status: shardstypes.Status_STATUS_MERGING, Children: []string{"a-1"}}))
	s := closed()
	require.True(t, s.Closed)
	require.False(t, s.Ended)
	require.Equal(t, []types.Taken{types.TakenBy(lattice.Prefix{Bits: 1, Len: 1}, own, b.Cursor())}, s.Taken)
}
