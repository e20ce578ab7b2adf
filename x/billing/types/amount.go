package types

import (
	"math/bits"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Add sums two amounts in utop and refuses an overflow.
func Add(a, b uint64) (uint64, error) {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return 0, errorsmod.Wrapf(ErrOverflow, "%d + %d utop", a, b)
	}
	return sum, nil
}

// Sub takes b from a and refuses a negative result.
func Sub(a, b uint64) (uint64, error) {
	if b > a {
		return 0, errorsmod.Wrapf(ErrInsufficient, "%d of %d utop", b, a)
	}
	return a - b, nil
}

// Coins of an amount in utop.
func Coins(amount uint64) sdk.Coins {
	return sdk.NewCoins(sdk.NewCoin(Denom, math.NewIntFromUint64(amount)))
}
