package keeper

import (
	"context"
	"errors"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/x/committees/types"
)

// Able answers an operator as member of a committee, the main chain's or a shard's, or why it cannot sit now.
func (k *Keeper) Able(ctx context.Context, operator string) (member types.Member, whyNot string, err error) {
	return k.able(ctx, operator)
}

// able answers an operator as member, or why it cannot sit now.
func (k *Keeper) able(ctx context.Context, operator string) (member types.Member, whyNot string, err error) {
	account, err := sdk.AccAddressFromBech32(operator)
	if err != nil {
		return types.Member{}, "its address is malformed", nil
	}
	v, err := k.staking.GetValidator(ctx, sdk.ValAddress(account))
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return types.Member{}, "it is no validator", nil
	}
	if err != nil {
		return types.Member{}, "", err
	}
	member, ok := memberOf(v)
	switch {
	case !ok:
		return member, "its consensus key is not Ed25519", nil
	case v.IsJailed():
		return member, "it is jailed", nil
	case !v.IsBonded():
		return member, "it is not bonded", nil
	case k.slashing.IsTombstoned(ctx, member.ConsAddress()):
		return member, "it has two votes for one height", nil
	}
	// Who takes its deposit away votes no longer than that can be slashed.
	deposited, err := k.stake.Deposited(ctx, operator)
	if err == nil && !deposited {
		whyNot = "its own deposit is below what validators need"
	}
	return member, whyNot, err
}

// memberOf a validator, false where CometBFT would not take its key.
func memberOf(v stakingtypes.Validator) (types.Member, bool) {
	address, err := sdk.ValAddressFromBech32(v.GetOperator())
	if err != nil {
		return types.Member{}, false
	}
	key, err := v.ConsPubKey()
	if err != nil {
		return types.Member{}, false
	}
	if _, ok := key.(*ed25519.PubKey); !ok {
		return types.Member{}, false
	}
	return types.Member{Operator: sdk.AccAddress(address).String(), Key: key.Bytes()}, true
}
