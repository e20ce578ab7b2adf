package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// Hooks of x/staking: while a snapshot runs, a node whose stake is about to change is taken in first.
type Hooks struct{ k *Keeper }

var _ stakingtypes.StakingHooks = Hooks{}

// Hooks for x/staking.
func (k *Keeper) Hooks() Hooks { return Hooks{k} }

func (h Hooks) preserve(ctx context.Context, validator sdk.ValAddress) error {
	return h.k.preserve(ctx, sdk.AccAddress(validator).String())
}

// BeforeDelegationCreated of coins that may have counted for another node.
func (h Hooks) BeforeDelegationCreated(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	return h.preserve(ctx, validator)
}

// BeforeDelegationSharesModified in either direction.
func (h Hooks) BeforeDelegationSharesModified(ctx context.Context, _ sdk.AccAddress, validator sdk.ValAddress) error {
	return h.preserve(ctx, validator)
}

// BeforeValidatorSlashed keeps what stood when the snapshot began.
func (h Hooks) BeforeValidatorSlashed(ctx context.Context, validator sdk.ValAddress, _ math.LegacyDec) error {
	return h.preserve(ctx, validator)
}

// AfterValidatorCreated changes no stake of a snapshot.
func (Hooks) AfterValidatorCreated(context.Context, sdk.ValAddress) error { return nil }

// BeforeValidatorModified changes no stake.
func (Hooks) BeforeValidatorModified(context.Context, sdk.ValAddress) error { return nil }

// AfterValidatorRemoved leaves the node without deposit.
func (Hooks) AfterValidatorRemoved(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// AfterValidatorBonded changes no stake.
func (Hooks) AfterValidatorBonded(context.Context, sdk.ConsAddress, sdk.ValAddress) error { return nil }

// AfterValidatorBeginUnbonding changes no stake.
func (Hooks) AfterValidatorBeginUnbonding(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// BeforeDelegationRemoved follows BeforeDelegationSharesModified.
func (Hooks) BeforeDelegationRemoved(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterDelegationModified is too late.
func (Hooks) AfterDelegationModified(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterUnbondingInitiated changes no stake.
func (Hooks) AfterUnbondingInitiated(context.Context, uint64) error { return nil }
