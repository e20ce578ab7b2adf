package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
)

// BeginBlock counts the last commit; at an epoch's first block it rates the epoch before and begins the snapshot of the new one, both by
// the parameters of that moment.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	if err := k.recordCommit(ctx); err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	now := epoch.At(height, blocks)
	if height == epoch.First(now, blocks) {
		if now > 0 {
			if err := k.rate(ctx, params, now-1); err != nil {
				return err
			}
		}
		if err := k.beginSnapshot(ctx, params, now); err != nil {
			return err
		}
	}
	if err := k.continueSnapshot(ctx, int(params.SnapshotPerBlock)); err != nil {
		return err
	}
	return k.prune(ctx, params, now)
}
