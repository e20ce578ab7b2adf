package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
)

// errSupply: a ledger claims to send what no network has.
var errSupply = errors.New("more than there can be")

// Bounds of what all accounts of the shard can have together, in bits: no sum of theirs fails then, whatever other ledgers claim to send.
const (
	maxUtopBits  = 63
	maxOtherBits = 127
)

// coinsOf receipts together, in ascending order of denominations.
func coinsOf(receipts []receipt.Receipt) sdk.Coins {
	sums := map[string]*big.Int{}
	add := func(denom string, high, low uint64) {
		n := sums[denom]
		if n == nil {
			n = new(big.Int)
			sums[denom] = n
		}
		m := new(big.Int).SetUint64(high)
		n.Add(n, m.Lsh(m, 64).Add(m, new(big.Int).SetUint64(low)))
	}
	for i := range receipts {
		a := &receipts[i].Amount
		if a.Utop > 0 {
			add(sendtx.Utop, 0, a.Utop)
		}
		for _, c := range a.Coins {
			add(c.Denom, c.Amount.High, c.Amount.Low)
		}
	}
	coins := make(sdk.Coins, 0, len(sums))
	for _, denom := range slices.Sorted(maps.Keys(sums)) {
		coins = append(coins, sdk.Coin{Denom: denom, Amount: math.NewIntFromBigInt(sums[denom])})
	}
	return coins
}

// utopOf coins.
func utopOf(coins sdk.Coins) sdk.Coins {
	if found, c := coins.Find(sendtx.Utop); found {
		return sdk.Coins{c}
	}
	return nil
}

// movedOf a denomination: what came from other ledgers less what left for them.
func (k *Keeper) movedOf(ctx context.Context, denom string) (math.Int, error) {
	n, err := k.Moved.Get(ctx, denom)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	return n, err
}

// move coins in; negative ones go out.
func (k *Keeper) move(ctx context.Context, denom string, amount math.Int) error {
	n, err := k.movedOf(ctx, denom)
	if err != nil {
		return err
	}
	if n = n.Add(amount); n.IsZero() {
		return k.Moved.Remove(ctx, denom)
	}
	return k.Moved.Set(ctx, denom, n)
}

// arrive with coins, which must not be more than there can be.
func (k *Keeper) arrive(ctx context.Context, coins sdk.Coins) error {
	head, err := k.Head.Get(ctx)
	if err != nil {
		return err
	}
	for _, c := range coins {
		n, err := k.movedOf(ctx, c.Denom)
		if err != nil {
			return err
		}
		bits := maxOtherBits
		if c.Denom == sendtx.Utop {
			bits = maxUtopBits
		}
		if all := head.Issued.AmountOfNoDenomValidation(c.Denom).Add(n).Add(c.Amount); all.BigInt().BitLen() > bits {
			return fmt.Errorf("%w: with %s there would be %s%s in this shard", errSupply, c, all, c.Denom)
		}
		if err := k.move(ctx, c.Denom, c.Amount); err != nil {
			return err
		}
	}
	return nil
}

// depart with coins.
func (k *Keeper) depart(ctx context.Context, coins sdk.Coins) error {
	for _, c := range coins {
		if err := k.move(ctx, c.Denom, c.Amount.Neg()); err != nil {
			return err
		}
	}
	return nil
}

// moved coins: what came from other ledgers more than left for them, and what left for them more than came.
func (k *Keeper) moved(ctx context.Context) (in, out sdk.Coins, err error) {
	err = k.Moved.Walk(ctx, nil, func(denom string, n math.Int) (bool, error) {
		if n.IsNegative() {
			out = append(out, sdk.Coin{Denom: denom, Amount: n.Neg()})
		} else {
			in = append(in, sdk.Coin{Denom: denom, Amount: n})
		}
		return false, nil
	})
	return in, out, err
}
