package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/gate/types"
)

// fifo of receipts, the first one first, with the sum of their utop.
type fifo struct {
	receipts collections.Map[uint64, []byte]
	next     collections.Sequence
	sum      collections.Item[uint64]
}

func newFifo(sb *collections.SchemaBuilder, key, sequence, sum collections.Prefix, name string) fifo {
	return fifo{
		receipts: collections.NewMap(sb, key, name, collections.Uint64Key, collections.BytesValue),
		next:     collections.NewSequence(sb, sequence, name+"_sequence"),
		sum:      collections.NewItem(sb, sum, name+"_sum", collections.Uint64Value),
	}
}

// utop of all of them.
func (f fifo) utop(ctx context.Context) (uint64, error) { return or(f.sum.Get(ctx)) }

// put a receipt at the end.
func (f fifo) put(ctx context.Context, r *receipt.Receipt) error {
	sum, err := f.utop(ctx)
	if err != nil {
		return err
	}
	if sum+r.Amount.Utop < sum {
		return errorsmod.Wrapf(types.ErrRefused, "%d utop are more than there can be", r.Amount.Utop)
	}
	at, err := f.next.Next(ctx)
	if err != nil {
		return err
	}
	if err := f.receipts.Set(ctx, at, receipt.EncodeOne(r)); err != nil {
		return err
	}
	return f.sum.Set(ctx, sum+r.Amount.Utop)
}

// take the first ones out, so many at most.
func (f fifo) take(ctx context.Context, limit int) (receipts []receipt.Receipt, err error) {
	var keys []uint64
	var taken uint64
	if err := f.receipts.Walk(ctx, nil, func(at uint64, encoded []byte) (bool, error) {
		if len(keys) == limit {
			return true, nil
		}
		r, err := receipt.DecodeOne(encoded)
		if err != nil {
			return true, err
		}
		keys, receipts, taken = append(keys, at), append(receipts, r), taken+r.Amount.Utop
		return false, nil
	}); err != nil || len(keys) == 0 {
		return nil, err
	}
	for _, at := range keys {
		if err := f.receipts.Remove(ctx, at); err != nil {
			return nil, err
		}
	}
	sum, err := f.utop(ctx)
	if err != nil {
		return nil, err
	}
	return receipts, f.sum.Set(ctx, sum-taken)
}

// len is how many there are. They leave in the order in which they came, so that the first and the next say it.
func (f fifo) len(ctx context.Context) (n uint64, err error) {
	next, err := f.next.Peek(ctx)
	if err != nil {
		return 0, err
	}
	err = f.receipts.Walk(ctx, nil, func(at uint64, _ []byte) (bool, error) {
		n = next - at
		return true, nil
	})
	return n, err
}

// all of them, as an export has them.
func (f fifo) all(ctx context.Context) (list [][]byte, err error) {
	err = f.receipts.Walk(ctx, nil, func(_ uint64, encoded []byte) (bool, error) {
		list = append(list, encoded)
		return false, nil
	})
	return list, err
}

// fill with what an export has.
func (f fifo) fill(ctx context.Context, list [][]byte) error {
	for _, encoded := range list {
		r, err := receipt.DecodeOne(encoded)
		if err != nil {
			return err
		}
		if err := f.put(ctx, &r); err != nil {
			return err
		}
	}
	return nil
}
