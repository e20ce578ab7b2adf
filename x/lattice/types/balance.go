package types

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

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
		coins = append(coins, sdk.Coin{Denom: c.Denom, Amount: math.NewIntFromBigInt(bigOf(c.Amount))})
	}
	return coins
}

// ParseBalance of coins as they are written, e.g. 5000000utop; coins of several denominations are parted by commas. Their libraries read a million of them in half a minute, this in a second.
func ParseBalance(s string) (b lattice.Balance, err error) {
	for coin := range strings.SplitSeq(s, ",") {
		denom := strings.TrimLeft(coin, "0123456789")
		amount := coin[:len(coin)-len(denom)]
		if denom == sendtx.Utop {
			if b.Utop > 0 {
				return b, fmt.Errorf("%s twice in %q", denom, s)
			}
			if b.Utop, err = strconv.ParseUint(amount, 10, 64); err != nil {
				return b, fmt.Errorf("%q is no number that 64 bits hold", amount)
			}
			continue
		}
		n, ok := new(big.Int).SetString(amount, 10)
		if !ok || n.BitLen() > 128 {
			return b, fmt.Errorf("%q is no number that 128 bits hold", amount)
		}
		if err := sdk.ValidateDenom(denom); err != nil {
			return b, err
		}
		b.Coins = append(b.Coins, lattice.Coin{Denom: denom, Amount: amountOf(n)})
	}
	return b, b.Check()
}

// amountOf a number of 128 bits.
func amountOf(n *big.Int) lattice.Amount {
	low := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1))
	return lattice.Amount{High: new(big.Int).Rsh(n, 64).Uint64(), Low: low.Uint64()}
}

// bigOf an amount.
func bigOf(a lattice.Amount) *big.Int {
	n := new(big.Int).SetUint64(a.High)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(a.Low))
}

// BalanceOf coins.
func BalanceOf(coins sdk.Coins) (b lattice.Balance, err error) {
	if err := checkCoins(coins); err != nil {
		return b, err
	}
	for _, c := range coins {
		n := c.Amount.BigInt()
		switch {
		case c.Denom == sendtx.Utop && n.BitLen() > 64, n.BitLen() > 128:
			return b, fmt.Errorf("%s is more than an account can hold", c)
		case c.Denom == sendtx.Utop:
			b.Utop = n.Uint64()
		default:
			b.Coins = append(b.Coins, lattice.Coin{Denom: c.Denom, Amount: amountOf(n)})
		}
	}
	return b, b.Check()
}
