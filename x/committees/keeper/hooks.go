package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// Hooks of x/staking: whose tokens are about to change is looked at when the block ends.
type Hooks struct{ k *Keeper }

var _ stakingtypes.StakingHooks = Hooks{}

// Hooks for x/staking.
func (k *Keeper) Hooks() Hooks { return Hooks{k} }

// BeforeDelegationCreated adds tokens.
func (h Hooks) BeforeDelegationCreated(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	return h.k.touch(ctx, validator)
}

// BeforeDelegationSharesModified adds or takes tokens.
func (h Hooks) BeforeDelegationSharesModified(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	return h.k.touch(ctx, validator)
}

// BeforeValidatorSlashed takes tokens.
func (h Hooks) BeforeValidatorSlashed(ctx context.Context, validator sdk.ValAddress, _ math.LegacyDec) error {
	return h.k.touch(ctx, validator)
}

// AfterValidatorRemoved leaves none.
func (h Hooks) AfterValidatorRemoved(ctx context.Context, _ sdk.ConsAddress, validator sdk.ValAddress) error {
	return h.k.touch(ctx, validator)
}

// AfterValidatorCreated is followed by a delegation.
func (Hooks) AfterValidatorCreated(context.Context, sdk.ValAddress) error { return nil }

// BeforeValidatorModified changes no tokens.
func (Hooks) BeforeValidatorModified(context.Context, sdk.ValAddress) error { return nil }

// AfterValidatorBonded changes no tokens.
func (Hooks) AfterValidatorBonded(context.Context, sdk.ConsAddress, sdk.ValAddress) error { return nil }

// AfterValidatorBeginUnbonding changes no tokens.
func (Hooks) AfterValidatorBeginUnbonding(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// BeforeDelegationRemoved follows BeforeDelegationSharesModified.
func (Hooks) BeforeDelegationRemoved(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterDelegationModified follows one of the hooks above.
func (Hooks) AfterDelegationModified(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterUnbondingInitiated changes no tokens.
func (Hooks) AfterUnbondingInitiated(context.Context, uint64) error { return nil }
