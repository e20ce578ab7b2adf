package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/shards/types"
)

// prunedPerElection caps the old terms, or auditors, that one election removes.
const prunedPerElection = 4

// prune removes terms of a shard that another one followed so long ago that nothing they signed can be punished any more, and auditors of the zone from before history_epochs.
func (k *Keeper) prune(ctx context.Context, s types.Shard) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	now, _, err := k.epoch(ctx)
	if err != nil || now < params.HistoryEpochs {
		return err
	}
	unbonding, err := k.Staking.UnbondingTime(ctx)
	if err != nil {
		return err
	}
	running, err := k.running(ctx, s.Name)
	if err != nil {
		return err
	}
	last, horizon := now-params.HistoryEpochs, sdk.UnwrapSDKContext(ctx).BlockTime().Add(-unbonding)
	var kept []types.Committee
	if err := k.committees.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](s.Name), func(_ termKey, c types.Committee) (bool, error) {
		kept = append(kept, c)
		return len(kept) > prunedPerElection, nil
	}); err != nil {
		return err
	}
	for i := 1; i < len(kept) && kept[i-1].Term < running && kept[i].Epoch <= last && kept[i].DecidedTime.Before(horizon); i++ {
		if err := k.committees.Remove(ctx, collections.Join(s.Name, kept[i-1].Term)); err != nil {
			return err
		}
	}
	return k.pruneAuditors(ctx, s.Zone, last)
}

// pruneAuditors that others followed up to an epoch.
func (k *Keeper) pruneAuditors(ctx context.Context, zone uint32, last uint64) error {
	var old []uint64
	if err := k.auditors.Walk(ctx, collections.NewPrefixedPairRange[uint32, uint64](zone).EndInclusive(last), func(key auditorsKey, _ types.Auditors) (bool, error) {
		old = append(old, key.K2())
		return len(old) > prunedPerElection, nil
	}); err != nil {
		return err
	}
	for i := 1; i < len(old); i++ {
		if err := k.auditors.Remove(ctx, collections.Join(zone, old[i-1])); err != nil {
			return err
		}
	}
	return nil
}
