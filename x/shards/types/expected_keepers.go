package types

import (
	"context"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/trie"
	committeestypes "github.com/topnetwork/top/x/committees/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// ZonesKeeper is x/zones: which shards there are.
type ZonesKeeper interface {
	Table(ctx context.Context) (zonestypes.RoutingTable, error)
	Replace(ctx context.Context, table trie.Table) (zonestypes.RoutingTable, error)
}

// SortitionKeeper is x/sortition: what committees are drawn from.
type SortitionKeeper interface {
	Pool(ctx context.Context, epoch uint64) (sortition.Seed, []sortition.Candidate, error)
	FirstSeed(ctx context.Context) (sortition.Seed, error)
	Sizes(ctx context.Context) (params sortitiontypes.Params, devnet bool, err error)
}

// CommitteesKeeper is x/committees: who can sit, and what stood behind whom.
type CommitteesKeeper interface {
	Able(ctx context.Context, operator string) (member committeestypes.Member, whyNot string, err error)
	Watch(ctx context.Context, operator string) error
}

// StakingKeeper is x/staking.
type StakingKeeper interface {
	GetBondedValidatorsByPower(ctx context.Context) ([]stakingtypes.Validator, error)
	UnbondingTime(ctx context.Context) (time.Duration, error)
	GetValidatorByConsAddr(ctx context.Context, addr sdk.ConsAddress) (stakingtypes.Validator, error)
}

// SlashingKeeper is x/slashing, which punishes by the tokens at the height (x/committees).
type SlashingKeeper interface {
	IsTombstoned(ctx context.Context, addr sdk.ConsAddress) bool
	SlashFractionDoubleSign(ctx context.Context) (math.LegacyDec, error)
	SlashWithInfractionReason(ctx context.Context, addr sdk.ConsAddress, fraction math.LegacyDec, power, distributionHeight int64, infraction stakingtypes.Infraction) error
	Jail(ctx context.Context, addr sdk.ConsAddress) error
	JailUntil(ctx context.Context, addr sdk.ConsAddress, until time.Time) error
	Tombstone(ctx context.Context, addr sdk.ConsAddress) error
}

// ReputationKeeper is x/stake: an absence costs reputation.
type ReputationKeeper interface {
	RecordAbsence(ctx context.Context, operator string) error
}

// BankKeeper is x/bank: what members of shards were fined, and the account of what shards hold.
type BankKeeper interface {
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	SendCoinsFromModuleToModule(ctx context.Context, from, to string, amt sdk.Coins) error
}

// EpochKeeper counts epochs.
type EpochKeeper interface {
	// EpochBlocks is the length of an epoch in blocks.
	EpochBlocks(ctx context.Context) (uint64, error)
}
