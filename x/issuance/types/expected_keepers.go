package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// BankKeeper is x/bank: the coins.
type BankKeeper interface {
	GetSupply(ctx context.Context, denom string) sdk.Coin
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	MintCoins(ctx context.Context, module string, coins sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, sender, recipient string, coins sdk.Coins) error
}

// StakingKeeper is x/staking: whose key signed, and what stands behind it.
type StakingKeeper interface {
	GetValidatorByConsAddr(ctx context.Context, addr sdk.ConsAddress) (stakingtypes.Validator, error)
}

// DistributionKeeper is x/distribution: it parts a validator's pay between operator and delegators, and keeps the community pool.
type DistributionKeeper interface {
	AllocateTokensToValidator(ctx context.Context, validator stakingtypes.ValidatorI, tokens sdk.DecCoins) error
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// EpochKeeper counts epochs.
type EpochKeeper interface {
	// EpochBlocks is the length of an epoch in blocks.
	EpochBlocks(ctx context.Context) (uint64, error)
}
