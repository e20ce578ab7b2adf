package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// StakingKeeper is x/staking, which holds deposits and delegations.
type StakingKeeper interface {
	GetValidator(ctx context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error)
	GetValidatorByConsAddr(ctx context.Context, addr sdk.ConsAddress) (stakingtypes.Validator, error)
	GetDelegation(ctx context.Context, delegator sdk.AccAddress, addr sdk.ValAddress) (stakingtypes.Delegation, error)
}

// SlashingKeeper tells who equivocated.
type SlashingKeeper interface {
	IsTombstoned(ctx context.Context, addr sdk.ConsAddress) bool
}

// AccountKeeper makes the accounts of hot keys.
type AccountKeeper interface {
	HasAccount(ctx context.Context, addr sdk.AccAddress) bool
	NewAccountWithAddress(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
	SetAccount(ctx context.Context, account sdk.AccountI)
}

// EpochKeeper counts epochs.
type EpochKeeper interface {
	// EpochBlocks is the length of an epoch in blocks.
	EpochBlocks(ctx context.Context) (uint64, error)
}
