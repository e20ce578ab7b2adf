package types

import (
	"fmt"
	"math/big"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Coins of a balance.
func Coins(b lattice.Balance) sdk.Coins {
	coins := OtherCoins(b.Coins)
	if b.Utop > 0 {
		coins = append(coins, sdk.Coin{Denom: sendtx.Utop, Amount: math.NewIntFromUint64(b.Utop)})
	}
	return coins.Sort()
}

// OtherCoins than utop.
func OtherCoins(list []lattice.Coin) sdk.Coins {
	coins := make(sdk.Coins, 0, len(list)+1)
	for _, c := range list {
		n := new(big.Int).SetUint64(c.Amount.High)
		n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(c.Amount.Low))
		coins = append(coins, sdk.Coin{Denom: c.Denom, Amount: math.NewIntFromBigInt(n)})
	}
	return coins
}

// BalanceOf coins.
func BalanceOf(coins sdk.Coins) (b lattice.Balance, err error) {
	if err := coins.Validate(); err != nil {
		return b, err
	}
	for _, c := range coins {
		n := c.Amount.BigInt()
		low := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1)).Uint64()
		high := new(big.Int).Rsh(n, 64)
		switch {
		case c.Denom == sendtx.Utop && high.Sign() != 0, n.BitLen() > 128:
			return b, fmt.Errorf("%s is more than an account can hold", c)
		case c.Denom == sendtx.Utop:
			b.Utop = low
		default:
			b.Coins = append(b.Coins, lattice.Coin{Denom: c.Denom, Amount: lattice.Amount{High: high.Uint64(), Low: low}})
		}
	}
	return b, b.Check()
}
