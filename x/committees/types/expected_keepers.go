package types

import (
	"context"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// StakingKeeper is x/staking: who is bonded, with what.
type StakingKeeper interface {
	GetValidator(ctx context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error)
	GetValidatorByConsAddr(ctx context.Context, addr sdk.ConsAddress) (stakingtypes.Validator, error)
	GetBondedValidatorsByPower(ctx context.Context) ([]stakingtypes.Validator, error)
	UnbondingTime(ctx context.Context) (time.Duration, error)
}

// SlashingKeeper is x/slashing: who equivocated, and the counters of absence.
type SlashingKeeper interface {
	IsTombstoned(ctx context.Context, addr sdk.ConsAddress) bool
	GetValidatorSigningInfo(ctx context.Context, addr sdk.ConsAddress) (slashingtypes.ValidatorSigningInfo, error)
	SetValidatorSigningInfo(ctx context.Context, addr sdk.ConsAddress, info slashingtypes.ValidatorSigningInfo) error
	DeleteMissedBlockBitmap(ctx context.Context, addr sdk.ConsAddress) error
}

// SortitionKeeper is x/sortition, which holds the elections.
type SortitionKeeper interface {
	Election(ctx context.Context, epoch uint64) (sortitiontypes.Election, error)
	// Sizes of the main chain's committee; devnet where they may be smaller than a public network's.
	Sizes(ctx context.Context) (params sortitiontypes.Params, devnet bool, err error)
}

// DepositKeeper is x/stake, which knows what a member has to lose.
type DepositKeeper interface {
	// Deposited tells whether an operator's own deposit is what validators need.
	Deposited(ctx context.Context, operator string) (bool, error)
}

// ReputationKeeper is x/stake, where two votes for one height bring a node to the floor.
type ReputationKeeper interface {
	RecordEquivocation(ctx context.Context, addr sdk.ConsAddress) error
}

// EpochKeeper counts epochs.
type EpochKeeper interface {
	// EpochBlocks is the length of an epoch in blocks.
	EpochBlocks(ctx context.Context) (uint64, error)
}
