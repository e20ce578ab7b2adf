package keeper

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/lattice/types"
)

// Bequeath to one of the two children of this shard, which has ended by a split: what the child's genesis says, but for names and committees (types.GenesisState.Settle), and the child's accounts.
// Every node derives the same: the state has not changed since the shard's last block.
func (k *Keeper) Bequeath(ctx sdk.Context, side int, w io.Writer) (*types.GenesisState, error) {
	gs, err := k.heritage(ctx, false)
	if err != nil {
		return nil, err
	}
	left, right := gs.Shard.Prefix().Children()
	prefix := [2]lattice.Prefix{left, right}[side]
	gs.Shard.PrefixBits, gs.Shard.PrefixLen = prefix.Bits, uint32(prefix.Len)
	has, err := k.holds(left)
	if err != nil {
		return nil, err
	}
	if err := gs.ShareReturned(right, side == 1); err != nil {
		return nil, err
	}
	shareTaken(gs, has.Add(math.NewIntFromUint64(gs.Burned)).Add(gs.Lost.AmountOf(sendtx.Utop)).Sub(gs.Overdrawn.AmountOf(sendtx.Utop)), side == 0)
	if side != 0 {
		// What was ever sent, burned and lost is the first child's, so that no coin counts twice.
		gs.Outboxes, gs.Burned, gs.Lost = nil, 0, nil
	}
	halves := [2]lattice.Hash{}
	if halves[0], halves[1], err = k.engine.Halves(); err != nil {
		return nil, err
	}
	return gs, k.inherited(gs, halves[side], w)
}

// BequeathWhole is what this shard, which has ended to become one with its sibling, leaves to their child: its half of the child's genesis (types.Join), and all its accounts.
func (k *Keeper) BequeathWhole(ctx sdk.Context, w io.Writer) (*types.GenesisState, error) {
	gs, err := k.heritage(ctx, true)
	if err != nil {
		return nil, err
	}
	head, err := k.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	return gs, k.inherited(gs, lattice.Hash(head.Root), w)
}

// BequeathFrozen is what this shard, which the main chain has frozen, leaves to its next generation: its state before the block of its last audited header, whose height and hash these are, and all its accounts. What it has sent since is
// settled by the next generation (Settlement).
func (k *Keeper) BequeathFrozen(ctx sdk.Context, final uint64, hash []byte, w io.Writer) (*types.GenesisState, error) {
	if uint64(ctx.BlockHeight())+1 != final {
		return nil, fmt.Errorf("the state is that of block %d, what counts is that before block %d", ctx.BlockHeight(), final)
	}
	own := ctx.ChainID()
	settlement := types.Settlement{Parent: own, FinalHeight: final, FinalHash: hash}
	if err := k.Outboxes.Walk(ctx, nil, func(destination string, o types.Outbox) (bool, error) {
		if o.Confirmed.Height > 0 {
			settlement.Confirmed = append(settlement.Confirmed, types.Taken{Destination: destination, Cursor: o.Confirmed})
		}
		return false, nil
	}); err != nil {
		return nil, err
	}
	// By their hashes: the height of a batch is what its source says, and a captured one says what it likes.
	if err := k.Hashes.Walk(ctx, nil, func(key collections.Pair[string, uint64], hash []byte) (bool, error) {
		settlement.Sent = append(settlement.Sent, types.Taken{Destination: key.K1(), Cursor: types.Cursor{Height: key.K2(), Hash: hash}})
		return false, nil
	}); err != nil {
		return nil, err
	}
	settlement.Sent = append(settlement.Sent, settlement.Confirmed...)
	gs, err := k.left(ctx, own)
	if err != nil {
		return nil, err
	}
	gs.Settlements = append(gs.Settlements, settlement)
	// Whoever it becomes one with must take nothing more of the parent, either.
	gs.Standings = append(gs.Standings, types.Standing{Ledger: own, Ended: true, FinalHeight: final, FinalHash: hash})
	gs.Shard.Restarts++
	head, err := k.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	return gs, k.inherited(gs, lattice.Hash(head.Root), w)
}

// Merges tells whether this shard ends to become one with its sibling: it has one child.
func (k *Keeper) Merges(ctx sdk.Context) (bool, error) {
	own, err := k.standing(ctx, ctx.ChainID())
	return len(own.Children) == 1, err
}

// Frozen tells whether the shard has ended because the main chain has frozen it: what it leaves is an earlier state.
func (k *Keeper) Frozen(ctx sdk.Context) (bool, error) {
	own, err := k.standing(ctx, ctx.ChainID())
	return own.Ended, err
}

// inherited accounts of a prefix, written in the order of their buckets, and their root.
func (k *Keeper) inherited(gs *types.GenesisState, root lattice.Hash, w io.Writer) error {
	prefix := gs.Shard.Prefix()
	gs.Inherited = &types.Inherited{Root: root[:]}
	return k.engine.Buckets(func(number uint32, slots lattice.Slots) error {
		if !prefix.Holds(number) {
			return nil
		}
		for _, record := range slots {
			if len(record) > 0 {
				gs.Inherited.Accounts++
			}
		}
		return types.AppendBucket(w, number, slots)
	})
}

// heritage of all that go on from this shard but for its accounts: what it knows of others, its inboxes under the name that batches for it still bear, and what was ever sent, burned and lost.
func (k *Keeper) heritage(ctx sdk.Context, merges bool) (gs *types.GenesisState, err error) {
	if ended, err := k.ended(ctx, ctx.BlockHeight()); err != nil || !ended {
		return nil, fmt.Errorf("the shard goes on: it has children when it has ended (%w)", err)
	}
	if is, err := k.Merges(ctx); err != nil {
		return nil, err
	} else if is != merges {
		return nil, fmt.Errorf("what a shard leaves is whole for the one child with which it becomes one with its sibling, and in halves for the two of a split: ask for the other")
	}
	return k.left(ctx, ctx.ChainID())
}

// left to whom goes on from this shard.
func (k *Keeper) left(ctx sdk.Context, own string) (gs *types.GenesisState, err error) {
	gs = &types.GenesisState{}
	if gs.Params, err = k.Params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Shard, err = k.Shard.Get(ctx); err != nil {
		return nil, err
	}
	gs.Shard.Parents = append(gs.Shard.Parents, own)
	if gs.Routing, err = k.routing(ctx); err != nil {
		return nil, err
	}
	if err := k.exportLedgers(ctx, gs); err != nil {
		return nil, err
	}
	// The own committee is told by a sibling, for what is proven by it; what was confirmed is of batches that no child has.
	gs.Members = slices.DeleteFunc(gs.Members, func(m types.Members) bool { return m.Ledger == own })
	gs.Standings = slices.DeleteFunc(gs.Standings, func(s types.Standing) bool { return s.Ledger == own })
	gs.Confirmed = nil
	for i := range gs.Standings {
		gs.Standings[i].Closed = false
	}
	// The child begins, with a first term of its own.
	gs.Term, gs.FinalHeight = 0, 0
	for i := range gs.Inboxes {
		in := &gs.Inboxes[i]
		if !strings.Contains(in.Source, ">") {
			in.Source = types.InboxName(in.Source, own, "")
		}
	}
	for i, o := range gs.Outboxes {
		if !strings.Contains(o.Destination, ">") {
			o.Destination = own + ">" + o.Destination
		}
		gs.Outboxes[i] = types.NamedOutbox{Destination: o.Destination, Outbox: types.Outbox{Total: o.Outbox.Total}}
	}
	head, err := k.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	gs.Burned, gs.Lost, gs.Overdrawn = head.Burned, head.Lost, head.Overdrawn
	return gs, nil
}

// holds utop: all accounts of a prefix.
func (k *Keeper) holds(p lattice.Prefix) (math.Int, error) {
	held := math.ZeroInt()
	err := k.engine.Walk(func(r lattice.Record) error {
		if p.Holds(lattice.BucketOf(r.Address)) {
			held = held.Add(math.NewIntFromUint64(r.Utop))
		}
		return nil
	})
	return held, err
}

// shareTaken between two children: the first, which has so much and all that was sent, counts as taken no more than that, for a genesis cannot hold less than came; the second counts the rest. Together it is what was taken: where nearly all
// that a shard ever had came from others, and from the main chain, the second child's accounts have what the first one's have not.
func shareTaken(gs *types.GenesisState, has math.Int, first bool) {
	for _, o := range gs.Outboxes {
		has = has.Add(o.Outbox.Total.AmountOf(sendtx.Utop))
	}
	for i := range gs.Inboxes {
		total := gs.Inboxes[i].Inbox.Total.AmountOf(sendtx.Utop)
		firsts := math.MinInt(total, has)
		has = has.Sub(firsts)
		if !first {
			firsts = total.Sub(firsts)
		}
		gs.Inboxes[i].Inbox.Total = nil
		if firsts.IsPositive() {
			gs.Inboxes[i].Inbox.Total = sdk.NewCoins(sdk.NewCoin(sendtx.Utop, firsts))
		}
	}
}
