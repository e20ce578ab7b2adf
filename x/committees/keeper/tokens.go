package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/x/committees/types"
)

// TokensAt are the utop that stood behind a validator when the members that vote at height + 1 were decided: those at the end of block height − 1. It is what an infraction
// at that height is measured by (x/slashing and x/evidence subtract the delay of validator updates before they ask). Without a record from before, the earliest one answers,
// and what stands there now for who never sat.
func (k *Keeper) TokensAt(ctx context.Context, v stakingtypes.Validator, height int64) (uint64, error) {
	address, err := sdk.ValAddressFromBech32(v.GetOperator())
	if err != nil {
		return 0, err
	}
	operator := sdk.AccAddress(address).String()
	for _, rng := range []*collections.PairRange[string, int64]{
		collections.NewPrefixedPairRange[string, int64](operator).EndExclusive(height).Descending(),
		collections.NewPrefixedPairRange[string, int64](operator),
	} {
		found := false
		var utop uint64
		if err := k.tokens.Walk(ctx, rng, func(_ tokensKey, t types.Tokens) (bool, error) {
			found, utop = true, t.Utop
			return true, nil
		}); err != nil || found {
			return utop, err
		}
	}
	return v.GetTokens().Uint64(), nil
}

// touch marks an operator whose tokens may change in this block, if it ever sat.
func (k *Keeper) touch(ctx context.Context, addr sdk.ValAddress) error {
	operator := sdk.AccAddress(addr).String()
	_, found, err := k.lastTokens(ctx, operator)
	if err != nil || !found {
		return err
	}
	return k.touched.Set(ctx, operator)
}

// recordTouched notes what became of the marked operators' tokens.
func (k *Keeper) recordTouched(ctx context.Context) error {
	var touched []string
	if err := k.touched.Walk(ctx, nil, func(operator string) (bool, error) {
		touched = append(touched, operator)
		return false, nil
	}); err != nil {
		return err
	}
	for _, operator := range touched {
		if err := k.recordTokens(ctx, operator); err != nil {
			return err
		}
		if err := k.touched.Remove(ctx, operator); err != nil {
			return err
		}
	}
	return nil
}

// Watch an operator that is elected elsewhere, in a shard or among auditors: from now on it is known what stood behind it at which height.
func (k *Keeper) Watch(ctx context.Context, operator string) error {
	return k.recordTokens(ctx, operator)
}

// recordTokens of an operator at the end of this block, if they are not those of its last record.
func (k *Keeper) recordTokens(ctx context.Context, operator string) error {
	utop, err := k.tokensNow(ctx, operator)
	if err != nil {
		return err
	}
	last, found, err := k.lastTokens(ctx, operator)
	if err != nil || found && last.Utop == utop {
		return err
	}
	s := sdk.UnwrapSDKContext(ctx)
	t := types.Tokens{Operator: operator, Height: s.BlockHeight(), Utop: utop, Time: s.BlockTime()}
	if err := k.tokens.Set(ctx, collections.Join(operator, t.Height), t); err != nil {
		return err
	}
	return k.pruneTokens(ctx, operator)
}

func (k *Keeper) tokensNow(ctx context.Context, operator string) (uint64, error) {
	account, err := sdk.AccAddressFromBech32(operator)
	if err != nil {
		return 0, err
	}
	v, err := k.staking.GetValidator(ctx, sdk.ValAddress(account))
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	// No balance exceeds 64 bits: the supply does not.
	return v.GetTokens().Uint64(), nil
}

func (k *Keeper) lastTokens(ctx context.Context, operator string) (last types.Tokens, found bool, err error) {
	err = k.tokens.Walk(ctx, collections.NewPrefixedPairRange[string, int64](operator).Descending(), func(_ tokensKey, t types.Tokens) (bool, error) {
		last, found = t, true
		return true, nil
	})
	return last, found, err
}
