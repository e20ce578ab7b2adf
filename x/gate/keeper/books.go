package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

func emit(ctx context.Context, event proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

// Books of the gate as they are now.
func (k *Keeper) Books(ctx context.Context) (types.Books, error) {
	b := types.Books{Balance: k.Bank.GetBalance(ctx, k.account, sendtx.Utop).Amount, Sent: math.ZeroInt(), Taken: math.ZeroInt()}
	for _, c := range []struct {
		to  *math.Int
		get func(context.Context) (uint64, error)
	}{{&b.Issued, func(ctx context.Context) (uint64, error) { return or(k.issued.Get(ctx)) }}, {&b.Queued, k.queue.utop}} {
		n, err := c.get(ctx)
		if err != nil {
			return b, err
		}
		*c.to = math.NewIntFromUint64(n)
	}
	left, err := k.leaving.utop(ctx)
	if err != nil {
		return b, err
	}
	b.Sent = math.NewIntFromUint64(left)
	if err := k.outboxes.Walk(ctx, nil, func(_ string, o latticetypes.Outbox) (bool, error) {
		b.Sent = b.Sent.Add(o.Total.AmountOf(sendtx.Utop))
		return false, nil
	}); err != nil {
		return b, err
	}
	if b.Covered, err = k.Shards.Covered(ctx); err != nil {
		return b, err
	}
	err = k.inboxes.Walk(ctx, nil, func(_ string, i latticetypes.Inbox) (bool, error) {
		b.Taken = b.Taken.Add(i.Total.AmountOf(sendtx.Utop))
		return false, nil
	})
	return b, err
}

// Invariants checks that the gate's account holds what it should, that the state is a valid genesis, that sums are those of what they sum up, and that every batch has its hash.
func (k *Keeper) Invariants(ctx context.Context) error {
	b, err := k.Books(ctx)
	if err != nil {
		return err
	}
	if want := b.Sum(); !b.Balance.Equal(want) {
		return errorsmod.Wrapf(types.ErrInvariant, "the gate holds %s utop; %s issued to shards, %s sent, %s queued, %s covered and %s taken make %s", b.Balance, b.Issued, b.Sent, b.Queued, b.Covered, b.Taken, want)
	}
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	if err := k.checkSums(ctx, gs); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	return nil
}

func (k *Keeper) checkSums(ctx context.Context, gs *types.GenesisState) error {
	for _, c := range []struct {
		name string
		fifo fifo
		list [][]byte
	}{{"queue", k.queue, gs.Queue}, {"leaving", k.leaving, gs.Leaving}} {
		var sum uint64
		for _, encoded := range c.list {
			r, err := receipt.DecodeOne(encoded)
			if err != nil {
				return err
			}
			sum += r.Amount.Utop
		}
		kept, err := c.fifo.utop(ctx)
		if err != nil {
			return err
		}
		n, err := c.fifo.len(ctx)
		if err != nil {
			return err
		}
		if kept != sum || n != uint64(len(c.list)) {
			return fmt.Errorf("%s: %d receipts of %d utop, the books have %d of %d", c.name, len(c.list), sum, n, kept)
		}
	}
	sums := map[string]uint64{}
	for _, u := range gs.Unaudited {
		sums[u.Source] += u.Utop
	}
	known := 0
	if err := k.unauditedSums.Walk(ctx, nil, func(source string, sum uint64) (bool, error) {
		known++
		if sums[source] != sum {
			return true, fmt.Errorf("%d utop of %s are not audited, the books have %d", sums[source], source, sum)
		}
		return false, nil
	}); err != nil {
		return err
	}
	if known != len(sums) {
		return fmt.Errorf("%d shards have unaudited coins, the books have %d", len(sums), known)
	}
	return k.checkHashes(ctx, gs)
}

func (k *Keeper) checkHashes(ctx context.Context, gs *types.GenesisState) error {
	batches := 0
	for _, o := range gs.Outboxes {
		for _, encoded := range o.Batches {
			batches++
			batch, err := receipt.Decode(encoded)
			if err != nil {
				return err
			}
			hash, err := k.hashes.Get(ctx, collections.Join(o.Destination, batch.Height))
			if err != nil || receipt.Hash(encoded) != [32]byte(hash) {
				return fmt.Errorf("the batch of height %d for %s has not its hash", batch.Height, o.Destination)
			}
		}
	}
	hashes := 0
	err := k.hashes.Walk(ctx, nil, func(heightKey, []byte) (bool, error) {
		hashes++
		return false, nil
	})
	if err == nil && hashes != batches {
		err = fmt.Errorf("%d hashes of %d batches", hashes, batches)
	}
	return err
}
