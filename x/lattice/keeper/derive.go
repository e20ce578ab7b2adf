package keeper

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/lattice/types"
)

// Bequeath to one of the two children of this shard, which has ended: what the child's genesis says, but for names and committees (types.GenesisState.Settle), and the child's accounts.
// Every node derives the same: the state has not changed since the shard's last block.
func (k *Keeper) Bequeath(ctx sdk.Context, side int, w io.Writer) (*types.GenesisState, error) {
	if ended, err := k.ended(ctx, ctx.BlockHeight()); err != nil || !ended {
		return nil, fmt.Errorf("the shard goes on: it has children when it has ended (%w)", err)
	}
	own := ctx.ChainID()
	gs, err := k.heritage(ctx, own, side == 0)
	if err != nil {
		return nil, err
	}
	left, right := gs.Shard.Prefix().Children()
	prefix := [2]lattice.Prefix{left, right}[side]
	gs.Shard.PrefixBits, gs.Shard.PrefixLen, gs.Shard.Parents = prefix.Bits, uint32(prefix.Len), append(gs.Shard.Parents, own)
	halves := [2]lattice.Hash{}
	if halves[0], halves[1], err = k.engine.Halves(); err != nil {
		return nil, err
	}
	gs.Inherited = &types.Inherited{Root: halves[side][:]}
	return gs, k.engine.Buckets(func(number uint32, slots lattice.Slots) error {
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

// heritage of a child but for its accounts: what this shard knows of others, its inboxes under the name that batches for it still bear, and, for the first child only, what was ever sent, taken, burned and lost, so that no coin counts twice.
func (k *Keeper) heritage(ctx context.Context, own string, first bool) (gs *types.GenesisState, err error) {
	gs = &types.GenesisState{}
	if gs.Params, err = k.Params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Shard, err = k.Shard.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Routing, err = k.routing(ctx); err != nil {
		return nil, err
	}
	if err := k.exportLedgers(ctx, gs); err != nil {
		return nil, err
	}
	gs.Members = slices.DeleteFunc(gs.Members, func(m types.Members) bool { return m.Ledger == own })
	// The child begins, with a first term of its own.
	gs.Term, gs.FinalHeight = 0, 0
	for i := range gs.Inboxes {
		in := &gs.Inboxes[i]
		if !strings.Contains(in.Source, ">") {
			in.Source = types.InboxName(in.Source, own, "")
		}
		if !first {
			in.Inbox.Total = nil
		}
	}
	outboxes := gs.Outboxes
	gs.Outboxes = nil
	if !first {
		return gs, nil
	}
	for _, o := range outboxes {
		if !strings.Contains(o.Destination, ">") {
			o.Destination = own + ">" + o.Destination
		}
		gs.Outboxes = append(gs.Outboxes, types.NamedOutbox{Destination: o.Destination, Outbox: types.Outbox{Total: o.Outbox.Total}})
	}
	head, err := k.Head.Get(ctx)
	gs.Burned, gs.Lost = head.Burned, head.Lost
	return gs, err
}
