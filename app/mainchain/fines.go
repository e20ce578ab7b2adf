package mainchain

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"

	shardskeeper "github.com/topnetwork/top/x/shards/keeper"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// fineBank is x/bank as x/staking sees it: what it would burn of members who are slashed for what they signed in a shard goes to x/shards, which pays with it what shards have overdrawn.
type fineBank struct{ bankkeeper.Keeper }

// BurnCoins of a module's account, unless they are fines.
func (b fineBank) BurnCoins(ctx context.Context, module string, amounts sdk.Coins) error {
	if shardskeeper.Fines(ctx) {
		return b.SendCoinsFromModuleToModule(ctx, module, shardstypes.ModuleName, amounts)
	}
	return b.Keeper.BurnCoins(ctx, module, amounts)
}
