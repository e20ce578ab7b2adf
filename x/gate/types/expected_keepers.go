package types

import (
	"context"

	"cosmossdk.io/math"

	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// BankKeeper moves coins in and out of the gate's account.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// CommunityKeeper takes what nobody can be given.
type CommunityKeeper interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// StakingKeeper is x/staking's Msg service.
type StakingKeeper interface {
	Delegate(ctx context.Context, msg *stakingtypes.MsgDelegate) (*stakingtypes.MsgDelegateResponse, error)
}

// NodesKeeper is x/stake: whose validator is a node.
type NodesKeeper interface {
	Node(ctx context.Context, operator string) (staketypes.Node, error)
}

// BillingKeeper is x/billing.
type BillingKeeper interface {
	Deposit(ctx context.Context, msg *billingtypes.MsgDeposit) (*billingtypes.MsgDepositResponse, error)
	OpenCreditLine(ctx context.Context, msg *billingtypes.MsgOpenCreditLine) (*billingtypes.MsgOpenCreditLineResponse, error)
}

// ZonesKeeper says which shard has which accounts.
type ZonesKeeper interface {
	Table(ctx context.Context) (zonestypes.RoutingTable, error)
}

// ShardsKeeper says which headers of shards count.
type ShardsKeeper interface {
	Shard(ctx context.Context, name string) (shardstypes.Shard, error)
	Audited(ctx context.Context, name string) (shardstypes.Audited, error)
	Confirmed(ctx context.Context, name string, sh *cmttypes.SignedHeader) (bool, error)
	VerifyHeader(ctx context.Context, name string, sh *cmttypes.SignedHeader) error
	// Covered utop of what shards have overdrawn, which were paid into the gate's account.
	Covered(ctx context.Context) (math.Int, error)
	// Fines in utop of all members of a shard, were all of them guilty.
	Fines(ctx context.Context, shard string) (math.Int, error)
}
