package nodes

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// Bank stands for x/bank: the utop of two modules' accounts.
type Bank struct{ utop map[string]math.Int }

func newBank() *Bank {
	return &Bank{utop: map[string]math.Int{}}
}

func (b *Bank) add(module string, utop math.Int) {
	address := authtypes.NewModuleAddress(module).String()
	has, ok := b.utop[address]
	if !ok {
		has = math.ZeroInt()
	}
	b.utop[address] = has.Add(utop)
}

// GetBalance of an account.
func (b *Bank) GetBalance(_ context.Context, addr sdk.AccAddress, denom string) sdk.Coin {
	coin := sdk.NewInt64Coin(denom, 0)
	if has, ok := b.utop[addr.String()]; ok {
		coin.Amount = has
	}
	return coin
}

// SendCoinsFromModuleToModule moves utop that are there.
func (b *Bank) SendCoinsFromModuleToModule(ctx context.Context, from, to string, amt sdk.Coins) error {
	utop := amt.AmountOf("utop")
	if has := b.GetBalance(ctx, authtypes.NewModuleAddress(from), "utop").Amount; has.LT(utop) {
		return sdkerrors.ErrInsufficientFunds.Wrapf("%s has %s utop, not %s", from, has, utop)
	}
	b.add(from, utop.Neg())
	b.add(to, utop)
	return nil
}

// InGate are the utop that the gate's account holds.
func (n *Network) InGate() int64 {
	return n.Staking.bank.GetBalance(n.Ctx, authtypes.NewModuleAddress(Gate), "utop").Amount.Int64()
}

// Gate is the module whose account holds what shards hold.
const Gate = "gate"
