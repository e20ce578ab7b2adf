package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/lattice/types"
)

// owe what accounts had to pay in a block and did not hold. By account it is kept while the shard settles: what is refunded to one pays this first.
func (k *Keeper) owe(ctx context.Context, list []lattice.Overdraft) error {
	if len(list) == 0 {
		return nil
	}
	settling, err := k.settling(ctx)
	if err != nil {
		return err
	}
	var all sdk.Coins
	for i := range list {
		coins := types.Coins(list[i].Amount)
		all = all.Add(coins...)
		if !settling {
			continue
		}
		owes, err := k.owes(ctx, list[i].Account)
		if err != nil {
			return err
		}
		if err := k.setOwes(ctx, list[i].Account, owes.Add(coins...)); err != nil {
			return err
		}
	}
	return k.overdraw(ctx, all, false)
}

// owes is what an account could not pay.
func (k *Keeper) owes(ctx context.Context, account lattice.Address) (sdk.Coins, error) {
	b, err := k.Overdrafts.Get(ctx, account[:])
	if errors.Is(err, collections.ErrNotFound) {
		return nil, nil
	}
	return b.Coins, err
}

func (k *Keeper) setOwes(ctx context.Context, account lattice.Address, coins sdk.Coins) error {
	if coins.IsZero() {
		return k.Overdrafts.Remove(ctx, account[:])
	}
	return k.Overdrafts.Set(ctx, account[:], types.Balance{Address: sendtx.Bech32(account), Coins: coins})
}

// payBack what accounts owe out of what goes back to them; the rest arrives.
func (k *Keeper) payBack(ctx context.Context, receipts []receipt.Receipt) (rest []receipt.Receipt, err error) {
	for _, r := range receipts {
		owes, err := k.owes(ctx, r.From)
		if err != nil {
			return nil, err
		}
		amount := types.Coins(r.Amount)
		pays := amount.Min(owes)
		if !r.Return || pays.IsZero() {
			rest = append(rest, r)
			continue
		}
		if err := errors.Join(k.setOwes(ctx, r.From, owes.Sub(pays...)), k.overdraw(ctx, pays, true)); err != nil {
			return nil, err
		}
		if r.Amount, err = types.BalanceOf(amount.Sub(pays...)); err != nil {
			return nil, err
		}
		if !r.Amount.IsZero() {
			rest = append(rest, r)
		}
	}
	return rest, nil
}

// debitsAreKnown tells whether no debit is of this very block, of whichever settlement, one that it has ended included: what its senders cannot pay is known after it.
func (k *Keeper) debitsAreKnown(ctx sdk.Context) error {
	at, err := k.Debited.Get(ctx)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return nil
	case err == nil && at == uint64(ctx.BlockHeight()):
		return fmt.Errorf("%w: a batch is debited in this block, what is refunded comes after it", lattice.ErrSettling)
	}
	return err
}
