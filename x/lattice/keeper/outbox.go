package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/lattice/types"
)

var (
	// ErrUnreachable: nothing can be sent to a shard now.
	ErrUnreachable = errors.New("shard cannot be reached")
	// errLedger of which the shard knows nothing.
	errLedger = errors.New("unknown ledger")
)

// outbox for a destination; an empty one where nothing was sent yet.
func (k *Keeper) outbox(ctx context.Context, destination string) (types.Outbox, error) {
	o, err := k.Outboxes.Get(ctx, destination)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Outbox{}, nil
	}
	return o, err
}

// away is the rule of what can be sent to accounts of other ledgers: the owner is known, and it takes what it is sent.
func (k *Keeper) away(ctx context.Context) (func(*lattice.Transfer) error, error) {
	routing, err := k.routing(ctx)
	if err != nil {
		return nil, err
	}
	main, err := k.mainChain(ctx)
	if err != nil || len(routing.Routes) == 0 && main == "" {
		return nil, err
	}
	table := routing.Table()
	known, err := k.ledgers(ctx)
	if err != nil {
		return nil, err
	}
	// Few pairs are full, if any, and few ledgers have ended.
	full, over := map[string]bool{}, map[string]bool{}
	if err := k.Standings.Walk(ctx, nil, func(ledger string, s types.Standing) (bool, error) {
		if s.Ended {
			over[ledger] = true
		}
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.Outboxes.Walk(ctx, nil, func(destination string, o types.Outbox) (bool, error) {
		if o.Waiting >= types.MaxWaiting {
			full[destination] = true
		}
		return false, nil
	}); err != nil {
		return nil, err
	}
	return func(t *lattice.Transfer) error {
		to := t.To
		owner, ok := table.Owner(to)
		switch {
		case to == receipt.GateAddress() && main == "":
			return fmt.Errorf("%w: %s is the main chain's gate, and this shard has no main chain", lattice.ErrNotOwned, sendtx.Bech32(to))
		case to == receipt.GateAddress() && full[main]:
			return fmt.Errorf("%w: %s has not confirmed the last %d batches; try again later", ErrUnreachable, main, types.MaxWaiting)
		case to == receipt.GateAddress():
			return receipt.CheckGate(t)
		case !ok || !known[owner.Name]:
			return fmt.Errorf("%w; this shard sends nothing there", table.Elsewhere(to))
		case over[owner.Name]:
			return fmt.Errorf("%w: %s has ended, and who has the account of %s now is not known here yet; try again later", ErrUnreachable, owner.Name, sendtx.Bech32(to))
		case full[owner.Name]:
			return fmt.Errorf("%w: %s has not confirmed the last %d batches for %s; try again later", ErrUnreachable, owner.Name, types.MaxWaiting, sendtx.Bech32(to))
		}
		return nil
	}, nil
}

// send what leaves in a block: one batch for each destination, in the order of their names.
func (k *Keeper) send(ctx sdk.Context, departed []lattice.Arrival) error {
	if len(departed) == 0 {
		return nil
	}
	routing, err := k.routing(ctx)
	if err != nil {
		return err
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return err
	}
	table := routing.Table()
	boxes := map[string][]receipt.Receipt{}
	for _, r := range departed {
		if forMain(&r) && main != "" {
			boxes[main] = append(boxes[main], r)
			continue
		}
		owner, ok := table.Owner(r.Beneficiary())
		if !ok {
			return fmt.Errorf("%w: coins leave for %s, which is no shard's", lattice.ErrNotOwned, sendtx.Bech32(r.Beneficiary()))
		}
		boxes[owner.Name] = append(boxes[owner.Name], r)
	}
	for _, destination := range slices.Sorted(maps.Keys(boxes)) {
		if err := k.sendTo(ctx, destination, boxes[destination]); err != nil {
			return fmt.Errorf("batch for %s: %w", destination, err)
		}
	}
	return nil
}

func (k *Keeper) sendTo(ctx sdk.Context, destination string, receipts []receipt.Receipt) error {
	box, err := k.outbox(ctx, destination)
	if err != nil {
		return err
	}
	previous, err := box.Sent.Receipt()
	if err != nil {
		return err
	}
	batch := receipt.Batch{Source: ctx.ChainID(), Destination: destination, Height: uint64(ctx.BlockHeight()), Previous: previous, Receipts: receipts}
	if err := batch.Check(); err != nil {
		return err
	}
	encoded := batch.Encode()
	box.Sent = types.CursorOf(receipt.Cursor{Height: batch.Height, Hash: receipt.Hash(encoded)})
	box.Waiting++
	total := coinsOf(receipts)
	box.Total = box.Total.Add(utopOf(total)...)
	if err := k.depart(ctx, total); err != nil {
		return err
	}
	if err := k.keep(ctx, destination, batch.Height, encoded); err != nil {
		return err
	}
	return k.Outboxes.Set(ctx, destination, box)
}

// keep a batch until its destination has confirmed it.
func (k *Keeper) keep(ctx context.Context, destination string, height uint64, encoded []byte) error {
	key, hash := collections.Join(destination, height), receipt.Hash(encoded)
	if err := k.Batches.Set(ctx, key, encoded); err != nil {
		return err
	}
	return k.Hashes.Set(ctx, key, hash[:])
}

// canReturn tells whether there is room for what receipts may bring back: a ledger that confirms nothing must not fill the state.
func (k *Keeper) canReturn(ctx sdk.Context, table trie.Table, main string, receipts []receipt.Receipt) error {
	asked := map[string]bool{ctx.ChainID(): true}
	for i := range receipts {
		owner, ok := table.Owner(receipts[i].From)
		if receipts[i].Main {
			owner, ok = trie.Route{Name: main}, true
		}
		if receipts[i].Return || !ok || asked[owner.Name] {
			continue
		}
		asked[owner.Name] = true
		box, err := k.outbox(ctx, owner.Name)
		if err != nil {
			return err
		}
		if box.Waiting >= types.MaxReturning {
			return fmt.Errorf("%w: %s has not confirmed the last %d batches, and this one may have to go back there", ErrUnreachable, owner.Name, types.MaxReturning)
		}
	}
	return nil
}

// confirm that a destination has taken batches: they leave the state.
func (k *Keeper) confirm(ctx sdk.Context, destination string, taken receipt.Cursor) error {
	box, err := k.outbox(ctx, destination)
	if err != nil {
		return err
	}
	switch {
	case taken.Height <= box.Confirmed.Height:
		return fmt.Errorf("%w: %s has confirmed up to height %d already", receipt.ErrReplay, destination, box.Confirmed.Height)
	case taken.Height > box.Sent.Height:
		return fmt.Errorf("%w: %s confirms height %d, the last batch is of %d", receipt.ErrFork, destination, taken.Height, box.Sent.Height)
	}
	var gone []collections.Pair[string, uint64]
	var last []byte
	if err := k.Batches.Walk(ctx, rangeUpTo(destination, taken.Height), func(key collections.Pair[string, uint64], batch []byte) (bool, error) {
		gone, last = append(gone, key), batch
		return false, nil
	}); err != nil {
		return err
	}
	if len(gone) == 0 || gone[len(gone)-1].K2() != taken.Height || receipt.Hash(last) != taken.Hash {
		return fmt.Errorf("%w: %s confirms %x of height %d, which was not sent", receipt.ErrFork, destination, taken.Hash, taken.Height)
	}
	for _, key := range gone {
		if err := k.Batches.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.Hashes.Remove(ctx, key); err != nil {
			return err
		}
	}
	box.Confirmed, box.Waiting = types.CursorOf(taken), box.Waiting-uint64(len(gone))
	return k.Outboxes.Set(ctx, destination, box)
}

// rangeUpTo a height of the batches for a destination.
func rangeUpTo(destination string, height uint64) collections.Ranger[collections.Pair[string, uint64]] {
	return collections.NewPrefixedPairRange[string, uint64](destination).EndInclusive(height)
}
